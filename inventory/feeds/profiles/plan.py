"""Which table of a profile a header fits, and the frames of each kind that it gives. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from inventory.contracts.feeds import RecordKind, Uncovered
from inventory.feeds.profiles.dates import iso
from inventory.feeds.profiles.rules import Finder, holds, value_of
from inventory.feeds.profiles.spec import Gives, Profile, TableSpec
from inventory.feeds.profiles.words import plain
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _

ROW = "row"
_ORDER = list(RecordKind)
_OF_WHAT = (
    "grand|sub|page|report|net|gross|bill|party|group|day|month|section|company|item|product|godown|voucher|"
    "category|brand|location|batch|supplier|customer|area|route|final|overall|running|warehouse|account"
)
_TOTAL = rf"(?i)^\W*(({_OF_WHAT})[\s._-]*(wise)?[\s._-]*)?totals?\b\W*(c/?f|b/?f)?\W*$|^\s*(कुल|योग)\s*:?\s*$"


@dataclass(slots=True)
class Memory:
    """What one chunk of a table tells the next: values carried down and lines counted by transaction."""

    carried: dict[str, str | None] = field(default_factory=dict)
    lines: dict[tuple[int, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a chunk gave. `left` are rows that are not taken, by reason."""

    frames: Mapping[RecordKind, pl.DataFrame]
    left: tuple[Uncovered, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A table of a profile and the header it fits. `kinds` in the order they refer to one another."""

    table: TableSpec
    header: tuple[str, ...]
    given: tuple[Gives, ...]
    kinds: tuple[RecordKind, ...]
    taken: frozenset[str]

    @property
    def remembers(self) -> bool:
        """Does a chunk depend on those before it?"""
        rules = (rule for gives in self.given for rule in gives.columns.values())
        return bool(self.table.fill_down or self.table.heading) or any(r.ordinal is not None for r in rules)

    def apply(self, rows: pl.DataFrame, memory: Memory | None = None) -> Applied:
        """Frames of canonical columns by kind, each with `row`; columns nobody has are left out."""
        memory = memory if memory is not None else Memory()
        find = finder([name for name in rows.columns if name != ROW])
        left: list[Uncovered] = []
        rows = self._without_totals(rows, left)
        rows, find = self._with_headings(rows, find, memory, left)
        rows = self._filled_down(rows, find, memory)
        for skip in self.table.skip:
            rows = _left_out(rows, holds(skip.when, find), "rows left out", skip.reason, left)
        frames: dict[RecordKind, list[pl.DataFrame]] = {}
        for place, gives in enumerate(self.table.gives):
            if gives in self.given:
                frames.setdefault(gives.kind, []).append(_given(place, gives, rows, find, memory))
        joined = {
            kind: frames[kind][0]
            if len(frames[kind]) == 1
            else pl.concat(frames[kind], how="diagonal").sort(ROW, maintain_order=True)
            for kind in self.kinds
        }
        return Applied(joined, tuple(left))

    def _without_totals(self, rows: pl.DataFrame, left: list[Uncovered]) -> pl.DataFrame:
        cells = [pl.col(name) for name in rows.columns if name != ROW]
        if not self.table.totals or not cells:
            return rows
        empty = pl.sum_horizontal([cell.is_null() for cell in cells])
        total = pl.coalesce(cells).str.contains(_TOTAL) & ((empty > 0) | (len(cells) < 5))
        return _left_out(rows, total.fill_null(value=False), _("total rows"), _("sums of other rows"), left)

    def _with_headings(
        self, rows: pl.DataFrame, find: Finder, memory: Memory, left: list[Uncovered]
    ) -> tuple[pl.DataFrame, Finder]:
        """Rows with one cell alone head those below: their text becomes a column of its own."""
        heading = self.table.heading
        cells = [name for name in rows.columns if name != ROW]
        if not heading or len(cells) < 3:
            return rows, find
        alone = pl.sum_horizontal([pl.col(name).is_not_null() for name in cells]) == 1
        text = pl.when(alone).then(pl.coalesce(cells)).forward_fill()
        rows = rows.with_columns(
            text.fill_null(_text(memory.carried.get(heading))).alias(heading), alone.alias("_alone")
        )
        if rows.height:
            memory.carried[heading] = rows[heading][-1]
        rows = _left_out(
            rows,
            pl.col("_alone"),
            _("headings between rows"),
            _("they say where the rows below belong"),
            left,
        )
        rows = rows.drop("_alone")
        return rows, finder([*cells, heading])

    def _filled_down(self, rows: pl.DataFrame, find: Finder, memory: Memory) -> pl.DataFrame:
        """Empty cells that mean "as above" filled, across chunks."""
        down = [name for names in self.table.fill_down if (name := find(names)) is not None]
        within = [name for names in self.table.fill_within if (name := find(names)) is not None]
        if not down or rows.is_empty():
            return rows
        begins = pl.any_horizontal(pl.col(name).is_not_null() for name in down)
        group = begins.cast(pl.Int64).cum_sum()
        carried = {name: _text(memory.carried.get(name)) for name in (*down, *within)}
        rows = rows.with_columns(
            *(pl.col(name).forward_fill().fill_null(carried[name]) for name in down),
            *(
                pl.when(group == 0)
                .then(pl.col(name).forward_fill().over(group).fill_null(carried[name]))
                .otherwise(pl.col(name).forward_fill().over(group))
                for name in within
            ),
        )
        memory.carried.update({name: rows[name][-1] for name in (*down, *within)})
        return rows

    def uncovered(self, rows: pl.DataFrame) -> dict[str, tuple[int, str]]:
        """Columns of a chunk that nobody takes: how many cells they have, and one of them."""
        names = [name for name in rows.columns if name != ROW and name not in self.taken]
        filled = {name: rows[name].drop_nulls() for name in names}
        return {name: (cells.len(), str(cells[0])[:80]) for name, cells in filled.items() if cells.len()}


def plan(profile: Profile, header: Sequence[str], kind: RecordKind | None = None) -> Plan:
    """The table of a profile that takes the most of a header; raises `Invalid` when none fits.

    With `kind`, only what is about that kind.
    """
    found = [one for table in profile.tables if (one := _fits(table, tuple(header), kind))]
    if not found:
        raise _misfit(profile, header, kind)
    best = max(found, key=lambda one: (len(one.taken), len(one.table.needs)))
    _check_ambiguous(best)
    return best


def find_plan(
    profiles: Iterable[Profile], header: Sequence[str], kind: RecordKind | None = None
) -> tuple[Profile, Plan] | None:
    """The profile, of several, that takes the most of a header; the earlier one when they take the same."""
    best: tuple[Profile, Plan] | None = None
    for profile in profiles:
        try:
            one = plan(profile, header, kind)
        except Invalid:
            continue
        if best is None or len(one.taken) > len(best[1].taken):
            best = profile, one
    return best


def finder(header: Sequence[str]) -> Finder:
    """Finds a column of a header by its synonyms, case and points aside; the first synonym wins."""
    by_plain: dict[str, str] = {}
    for name in header:
        by_plain.setdefault(plain(name), name)
    exact = set(header)

    def find(names: tuple[str, ...]) -> str | None:
        whole = next((name for name in names if name in exact), None)
        first = next((by_plain[key] for name in names if (key := plain(name)) in by_plain), None)
        return first if first is not None else whole

    return find


def _given(place: int, gives: Gives, rows: pl.DataFrame, find: Finder, memory: Memory) -> pl.DataFrame:
    made = rows.filter(holds(gives.where, find)) if gives.where else rows
    present = {
        name: rule
        for name, rule in gives.columns.items()
        if not rule.source or rule.default is not None or find(rule.source) is not None
    }
    made = made.select(ROW, *(value_of(rule, find).alias(name) for name, rule in present.items()))
    for name, rule in present.items():
        if rule.date:
            made = made.with_columns(iso(made[name], rule.date))
        if rule.ordinal is not None:
            made = made.with_columns(_ordinals(made, place, rule.ordinal, memory).alias(name))
    unique = [name for name in gives.unique if name in made.columns]
    if unique:
        made = made.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in unique))
        rest = [name for name in made.columns if name not in unique]
        last = [pl.col(name).drop_nulls().last() for name in rest]
        made = made.group_by(unique, maintain_order=True).agg(last).select(made.columns).sort(ROW)
    return made


def _ordinals(made: pl.DataFrame, place: int, start: int, memory: Memory) -> pl.Series:
    """The place of each line within its transaction, over all chunks so far, from 1 (or `start` + 1)."""
    if "transaction_id" not in made.columns or made.is_empty():
        return pl.Series("line", [None] * made.height, dtype=pl.String)
    key = pl.col("transaction_id").fill_null("")
    counted = made.select(key.alias("key"), pl.int_range(1, pl.len() + 1).over(key).alias("n"))
    totals = counted.group_by("key").agg(pl.col("n").max())
    before = [memory.lines.get((place, one), 0) for one in totals["key"]]
    for (one, n), had in zip(totals.iter_rows(), before, strict=True):
        memory.lines[place, one] = had + n
    had_by = totals.select("key").with_columns(pl.Series("had", before, dtype=pl.Int64))
    both = counted.join(had_by, on="key", how="left", maintain_order="left")
    return both.select((pl.col("n") + pl.col("had") + start).cast(pl.String)).to_series()


def _text(value: str | None) -> pl.Expr:
    return pl.lit(value, dtype=pl.String)


def _left_out(
    rows: pl.DataFrame, which: pl.Expr, name: str, reason: str, left: list[Uncovered]
) -> pl.DataFrame:
    out = rows.filter(which)
    if out.is_empty():
        return rows
    first = next(out.drop(ROW).iter_rows())
    words = " | ".join(str(cell) for cell in first if isinstance(cell, str))[:120]
    left.append(
        Uncovered(name, out.height, reason, _("row %(row)s: %(value)s", row=out[ROW][0], value=words))
    )
    return rows.filter(~which)


def _fits(table: TableSpec, header: tuple[str, ...], kind: RecordKind | None) -> Plan | None:
    find = finder([*header, *([table.heading] if table.heading else [])])
    gives = [
        one
        for one in table.gives
        if (kind is None or one.kind == kind) and all(find(names) is not None for names in one.needs)
    ]
    if not gives or any(find(names) is None for names in table.needs):
        return None
    wanted = [names for one in gives for rule in one.columns.values() for names in rule.columns()]
    wanted += [test.column for one in gives for test in one.where]
    wanted += [test.column for skip in table.skip for test in skip.when]
    wanted += [*table.fill_down, *table.fill_within, *((one,) for names in table.ignore for one in names)]
    taken = {name for names in wanted if (name := find(names)) is not None} - {table.heading}
    kinds = sorted({one.kind for one in gives}, key=_ORDER.index)
    return Plan(table, header, tuple(gives), tuple(kinds), frozenset(taken))


def _check_ambiguous(plan: Plan) -> None:
    """A column that is taken must not stand there twice."""
    twice = [
        name
        for name in sorted(plan.taken)
        if f"{name} (2)" in plan.header and f"{name} (2)" not in plan.taken
    ]
    if twice:
        message = _(
            "the column %(column)s stands in the file more than once; rename or remove one of them",
            column=f"{twice[0]!r}",
        )
        raise Invalid(
            message,
            code="ambiguous_column",
            faults=[Fault("ambiguous_column", message, field=one) for one in twice],
        )


def _misfit(profile: Profile, header: Sequence[str], kind: RecordKind | None) -> Invalid:
    """Why no table fits: the one that lacks least, and what it lacks."""
    find = finder(header)
    tables = [one for one in profile.tables if kind is None or any(gives.kind == kind for gives in one.gives)]
    lacks = [([names[0] for names in one.needs if find(names) is None], one.name) for one in tables]
    lacking, name = min(lacks, key=lambda one: len(one[0]), default=([], ""))
    columns, called = ", ".join(header[:12]), profile.name or _("given")
    message = (
        _(
            "the columns do not fit the profile %(profile)s; nearest is %(table)s, which lacks %(lacking)s. "
            "The file has: %(columns)s",
            profile=called,
            table=f"{name!r}",
            lacking=", ".join(map(repr, lacking)),
            columns=columns,
        )
        if lacking
        else _("the profile %(profile)s gives no %(kind)s", profile=called, kind=coded(kind))
    )
    return Invalid(
        message,
        code="no_table_fits",
        faults=[
            Fault("missing_column", _("there is no column %(one)s", one=f"{one!r}"), field=one)
            for one in lacking
        ],
    )
