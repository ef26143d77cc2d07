"""What stands in the way of taking a run back: everything that has come to depend on it since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inventory.models import ImportRun
from inventory.services.landing.changes import SILENT
from inventory.services.landing.errand import run_prefix, undo_prefix
from inventory.services.landing.tables import DERIVED, TABLES, referring
from inventory.services.staging import rows

#: How many sentences of one sort are enough to know what to do.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that depends on the run: `kind` says how, `name` of what, `message` all of it."""

    kind: str  # changed, referred, stock, counted, cancelled, held
    name: str
    message: str

    def __str__(self) -> str:
        return self.message


def list_blockers(run: ImportRun) -> tuple[Blocker, ...]:
    """Everything that must be undone before the run can be; empty when nothing is in the way."""
    return (
        *_changed_since(run), *_cancelled_since(run), *_altered_since(run), *_lacking(run),
        *_counted_since(run), *_referred(run),
    )  # fmt: skip


# A row that no longer says what the run made it say, with the number of the import that wrote it last.
_CHANGED = """
SELECT {name}, c.row_id, max(r.number), t.id IS NULL
FROM inventory_importchange c LEFT JOIN {table} t ON t.id = c.row_id
LEFT JOIN inventory_importchange l ON l."table" = c."table" AND l.row_id = c.row_id AND l.id > c.id
      AND l.run_id <> c.run_id AND l.undone_at IS NULL
LEFT JOIN inventory_importrun r ON r.id = l.run_id
WHERE c.run_id = %s AND c."table" = '{table}' AND c.undone_at IS NULL AND c.after <> '{{}}'
  AND (t.id IS NULL OR EXISTS (SELECT 1 FROM jsonb_each(c.after) a
       WHERE to_jsonb(t) -> a.key IS DISTINCT FROM a.value AND a.key <> ALL (%s)))
GROUP BY 1, 2, 4 ORDER BY 1, 2 LIMIT {shown}
"""


def _changed_since(run: ImportRun) -> Iterator[Blocker]:
    for table, (word, name) in TABLES.items():
        if table == "inventory_position":  # the ledger knows them
            continue
        for who, row_id, number, gone in rows(
            _CHANGED.format(table=table, name=name, shown=_SHOWN), [run.pk, SILENT]
        ):
            label = f"{word} {who or row_id}"
            if gone:
                yield Blocker("changed", label, f"{label} has been removed since")
            else:
                by = f"by import {number}: undo that first" if number else "by hand or by another system"
                yield Blocker("changed", label, f"{label} was changed since {by}")


_CANCELLED = """
SELECT transaction_id, line, cancelled_run FROM inventory_cancelledsale
WHERE import_run = %s AND cancelled_run IS DISTINCT FROM %s ORDER BY 1, 2 LIMIT {shown}
"""


def _cancelled_since(run: ImportRun) -> Iterator[Blocker]:
    for transaction, line, number in rows(_CANCELLED.format(shown=_SHOWN), [run.number, run.number]):
        label = f"sale {transaction} line {line}"
        by = f"by import {number}: undo that first" if number else "by its source"
        yield Blocker("cancelled", label, f"{label} was cancelled since {by}")


_ALTERED = """
SELECT DISTINCT v.document, r.number FROM inventory_feedvoucher v
JOIN inventory_feedvoucher l ON l.feed_id = v.feed_id AND l.document = v.document AND l.kind = v.kind
    AND l.id > v.id AND l.run_id <> v.run_id AND (l.revision > v.revision OR l.gone)
JOIN inventory_importrun r ON r.id = l.run_id
WHERE v.run_id = %s AND NOT v.gone ORDER BY 2, 1 LIMIT {shown}
"""
# A receipt of the run that was cancelled since, by whatever came after.
_TAKEN = """
SELECT DISTINCT substr(c.reference, strpos(c.reference, 'cancel:receipt:') + 15), c.reference
FROM inventory_movement m JOIN inventory_movement c ON c.batch_id = m.batch_id
    AND c.location_id = m.location_id AND c.kind = 'receipt' AND c.id > m.id
    AND regexp_replace(c.reference, '^(import:[0-9]+:)?cancel:', '')
        = regexp_replace(m.reference, '^import:[0-9]+:', '')
WHERE m.reference LIKE %s AND c.reference NOT LIKE %s AND m.kind = 'receipt' AND {stands}
ORDER BY 1 LIMIT {shown}
"""


def _altered_since(run: ImportRun) -> Iterator[Blocker]:
    """Documents that a later run told anew, and receipts that were cancelled."""
    told: set[str] = set()
    for document, number in rows(_ALTERED.format(shown=_SHOWN), [run.pk]):
        told.add(document)
        label = f"voucher {document}"
        yield Blocker("changed", label, f"{label} was altered since by import {number}: undo that first")
    if told:
        return
    mine, _taken = _patterns(run)
    sql = _TAKEN.format(stands=_STANDS.format(m="c"), shown=_SHOWN)
    for name, reference in rows(sql, [f"{mine[:-1]}receipt:%", mine]):
        number = reference.split(":")[1] if reference.startswith("import:") else ""
        by = f"by import {number}: undo that first" if number else "by its source"
        yield Blocker("cancelled", f"receipt {name}", f"receipt {name} was cancelled since {by}")


#: What the run still has in the ledger, net of what was taken back already, by position.
_NET = """
SELECT m.batch_id, m.location_id, sum(m.quantity)::bigint AS pieces, max(m.id) AS last_id
FROM inventory_movement m
JOIN (SELECT DISTINCT batch_id, location_id FROM inventory_movement
      WHERE reference LIKE 'import:%%' AND reference LIKE %s) w USING (batch_id, location_id)
WHERE m.reference LIKE %s OR m.reference LIKE %s GROUP BY 1, 2
"""
_LACKING = f"""
SELECT s.code || ' batch ' || b.number || ' at ' || l.code, n.pieces, p.on_hand, p.reserved,
       (SELECT string_agg(q.kind || ' ' || q.pieces, ', ' ORDER BY q.kind)
        FROM (SELECT m.kind, -sum(m.quantity) AS pieces FROM inventory_movement m
              WHERE m.batch_id = p.batch_id AND m.location_id = p.location_id AND m.quantity < 0
                AND m.reference NOT LIKE %s AND m.reference NOT LIKE %s GROUP BY 1) q),
       (SELECT string_agg('action ' || a.number || ' (' || a.title || ') holds ' || r.quantity, ', '
                          ORDER BY a.number)
        FROM inventory_reservation r JOIN engine_action a ON a.id = r.action_id
        WHERE r.position_id = p.id AND r.released_at IS NULL)
FROM ({_NET}) n
JOIN inventory_position p ON p.batch_id = n.batch_id AND p.location_id = n.location_id
JOIN inventory_batch b ON b.id = p.batch_id JOIN inventory_sku s ON s.id = b.sku_id
JOIN inventory_location l ON l.id = p.location_id
WHERE p.on_hand - n.pieces < p.reserved ORDER BY 1 LIMIT {_SHOWN}
"""  # noqa: S608 - what is put in is a constant above


def _lacking(run: ImportRun) -> Iterator[Blocker]:
    """Positions that no longer have what the run brought into them."""
    mine = _patterns(run)
    for name, pieces, on_hand, reserved, went, held in rows(_LACKING, [*mine, mine[0], *mine]):
        causes = "; ".join(text for text in (f"since then left: {went}" if went else "", held or "") if text)
        message = (
            f"{name}: the import brought {pieces} pieces, {on_hand - reserved} of {on_hand} are free"
            f"{' (' + causes + ')' if causes else ''}"
        )
        yield Blocker("held" if held else "stock", name, message)


# A movement that was not taken back, and takes none back.
_STANDS = """{m}.reference NOT LIKE 'undo:%%'
  AND NOT EXISTS (SELECT 1 FROM inventory_movement u
                  WHERE u.batch_id = {m}.batch_id AND u.location_id = {m}.location_id
                    AND {m}.reference LIKE 'import:%%'
                    AND u.reference = 'undo:' || substr({m}.reference, 8) AND u.at = {m}.at
                    AND u.kind = {m}.kind)"""
_COUNTED = f"""
SELECT DISTINCT s.code || ' batch ' || b.number || ' at ' || l.code, m.kind, m.reference
FROM ({_NET}) n
JOIN inventory_movement m ON m.batch_id = n.batch_id AND m.location_id = n.location_id AND m.id > n.last_id
JOIN inventory_batch b ON b.id = n.batch_id JOIN inventory_sku s ON s.id = b.sku_id
JOIN inventory_location l ON l.id = n.location_id
WHERE n.pieces <> 0 AND m.kind IN ('adjustment', 'opening')
  AND m.reference NOT LIKE %s AND m.reference !~ '(^|:)stated:' AND {_STANDS.format(m="m")}
ORDER BY 1 LIMIT {_SHOWN}
"""  # noqa: S608 - what is put in are constants above


def _counted_since(run: ImportRun) -> Iterator[Blocker]:
    """Positions that were counted after the run: the count is right because of what the run did."""
    mine = _patterns(run)
    for name, _kind, reference in rows(_COUNTED, [mine[0], *mine, mine[0]]):
        number = reference.split(":")[1] if reference.startswith("import:") else ""
        by = f"by import {number}: undo that first" if number else f"({reference})"
        yield Blocker("counted", name, f"{name}: its stock was counted since {by}")


_REFERRED = """
SELECT {name}, count(*) FROM inventory_importchange c
JOIN {table} t ON t.id = c.row_id
JOIN {other} o ON o.{column} = t.id
WHERE c.run_id = %s AND c."table" = '{table}' AND c.before IS NULL AND c.undone_at IS NULL AND {foreign}
GROUP BY 1 ORDER BY 1 LIMIT {shown}
"""
_NOT_MINE = """NOT EXISTS (SELECT 1 FROM inventory_importchange m WHERE m.run_id = c.run_id
    AND m."table" = '{other}' AND m.row_id = o.id
    AND (m.before IS NULL OR jsonb_exists(m.before, '{column}')))"""
_FOREIGN = {
    "inventory_sale": "o.import_run IS DISTINCT FROM {number}",
    "inventory_cancelledsale": "coalesce(o.import_run, -1) <> {number}",
    "inventory_movement": "o.reference NOT LIKE '{run}%%' AND " + _STANDS.format(m="o"),
}


def _referred(run: ImportRun) -> Iterator[Blocker]:
    """Rows of others that name what the run made."""
    words = {"run": run_prefix(run.number), "number": run.number}
    made = {table for (table,) in rows(
        'SELECT DISTINCT "table" FROM inventory_importchange WHERE run_id = %s AND before IS NULL '
        "AND undone_at IS NULL", [run.pk],
    )}  # fmt: skip
    for table in (name for name in TABLES if name in made):
        word, name = TABLES[table]
        for model, column in referring(table):
            if model.__name__ in DERIVED:
                continue
            other = model._meta.db_table
            foreign = _FOREIGN.get(other, _NOT_MINE).format(other=other, column=column, **words)
            sql = _REFERRED.format(
                name=name, table=table, other=other, column=column, foreign=foreign, shown=_SHOWN
            )
            for who, count in rows(sql, [run.pk]):
                what = _counted(count, model)
                yield Blocker(
                    "referred", f"{word} {who}", f"{word} {who} is named by {what} that came otherwise"
                )


def _counted(count: int, model: Any) -> str:
    return f"{count} {model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural}"


def _patterns(run: ImportRun) -> tuple[str, str]:
    return f"{run_prefix(run.number)}%", f"{undo_prefix(run.number)}%"
