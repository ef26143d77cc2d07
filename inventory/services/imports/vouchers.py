"""Which self of each voucher stands: an altered one takes its earlier self back, an older one is passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl

from inventory.contracts.feeds import Landed, Parcel, RecordKind, Uncovered, Whole
from inventory.models import FeedVoucher, ImportRun
from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.phrases import phrase as gettext

#: Outcomes of rows that are not handed on: of a self that is older than what stands, of one that is gone.
OLDER, GONE = "older_version", "cancelled"
#: Lines of one revision of a voucher; lines once withdrawn never come back under their number.
REVISION = 10_000
#: So many vouchers may be missing from a whole export however few it has.
_FEW = 10
#: Kinds that vouchers land in, in the order in which a source tells them.
_KINDS = (RecordKind.PURCHASES, RecordKind.RECEIPTS, RecordKind.SALES)
#: What a line is known by where taking it back needs all of it.
_KEYS = {
    RecordKind.PURCHASES: ("purchase_invoice", "sku", "batch", "location"),
    RecordKind.RECEIPTS: ("reference", "sku", "batch", "location"),
}


@dataclass(frozen=True, slots=True)
class Self:
    """One self of a voucher in one kind of record. `lines`: keys of what it landed."""

    version: int
    content: str
    revision: int = 0
    gone: bool = False
    lines: tuple[tuple[str | None, ...], ...] = ()
    day: date | None = None


Selves = dict[tuple[str, str], Self]


@dataclass(slots=True)
class Parted:
    """A parcel by what becomes of its rows.

    `parcel`: the rows to land. `withdrawn`: rows that take earlier selves back, to be landed before.
    `aside`: rows that are settled here, `outcomes` by row. `fresh`: selves that stand afterwards.
    """

    parcel: Parcel
    aside: Parcel
    outcomes: dict[int, str] = field(default_factory=dict)
    withdrawn: dict[RecordKind, pl.DataFrame] = field(default_factory=dict)
    fresh: Selves = field(default_factory=dict)
    older: list[str] = field(default_factory=list)
    taken_back: int = 0  # rows of `aside` that took something back
    left: list[str] = field(default_factory=list)  # that are of a kind now which gives no rows
    missing: list[str] = field(default_factory=list)  # that a whole export does not have any more

    def counted(self, landed: Landed) -> Landed:
        """What became of all rows of the parcel."""
        if not self.outcomes:
            return landed
        known = len(self.outcomes) - self.taken_back
        return replace(landed, updated=landed.updated + self.taken_back, duplicates=landed.duplicates + known)


class Memory:
    """Selves that a check has met, which writes none down; and the older ones it passed over."""

    def __init__(self) -> None:
        self.selves: Selves = {}
        self._older: dict[str, None] = {}
        self._left: dict[str, None] = {}
        self._missing: dict[str, None] = {}

    def learn(self, parted: Parted) -> None:
        self.selves |= parted.fresh
        self._older |= dict.fromkeys(parted.older)
        self._left |= dict.fromkeys(parted.left)
        self._missing |= dict.fromkeys(parted.missing)

    def told(self) -> list[Uncovered]:
        """What the coverage says of them."""
        told = (
            (self._older, gettext("older versions of vouchers"),
             gettext("a later version of them is recorded: this is an older export, they change nothing")),
            (self._left, gettext("vouchers that are of another kind now"),
             gettext("nothing of their kind is told here: what they had landed is taken back")),
            (self._missing, gettext("vouchers that are gone"),
             gettext("recorded before, and this whole export of their days has them no more: "
                     "they are taken back")),
        )  # fmt: skip
        return [Uncovered(name, len(met), reason, next(iter(met))) for met, name, reason in told if met]


def part_selves(
    run: ImportRun, parcel: Parcel, memory: Mapping[tuple[str, str], Self] | None = None
) -> Parted:
    """Decide about each voucher of a parcel by what stands of it; nothing is written.

    By its version where both have one, else by its content: then the one that comes last counts.
    `memory`: what a check has met and stands over the tables.
    """
    empty = replace(parcel, rows=parcel.rows.clear(), faults=())
    parted = Parted(parcel, empty)
    if parcel.bare is not None:
        _leave(parted, run, parcel.bare, memory or {})
    if parcel.whole is not None:
        _miss(parted, run, parcel.whole)
    if parcel.selves is None:
        return parted
    told = parcel.rows.join(parcel.selves, on="row", how="left", maintain_order="left")
    names = parcel.selves["document"].unique().to_list()
    standing = _find(run, names) | {key: one for key, one in (memory or {}).items() if key[1] in set(names)}
    for (document,), rows in told.filter(pl.col("document").is_not_null()).group_by(
        "document", maintain_order=True
    ):
        _decide(parted, parcel.kind, str(document), rows, standing)
    aside = pl.col("row").is_in(list(parted.outcomes))
    kept = _renumbered(parcel, parted, standing).filter(~aside)
    parted.parcel, parted.aside = replace(parcel, rows=kept), replace(empty, rows=parcel.rows.filter(aside))
    return parted


def keep_selves(run: ImportRun, parted: Parted) -> None:
    """Write down which selves stand now, in the transaction that landed them."""
    FeedVoucher.objects.bulk_create(
        (
            FeedVoucher(
                feed_id=run.feed_id, run=run, kind=kind, document=document, version=one.version,
                content=one.content, revision=one.revision, gone=one.gone,
                lines=[list(line) for line in one.lines], day=one.day,
            )
            for (kind, document), one in parted.fresh.items()
        ),
        batch_size=2_000,
    )  # fmt: skip


def _find(run: ImportRun, documents: Sequence[str]) -> Selves:
    newest = FeedVoucher.objects.filter(feed_id=run.feed_id, document__in=documents)
    found = newest.order_by("kind", "document", "-pk").distinct("kind", "document")
    return {
        (one.kind, one.document): Self(
            one.version,
            one.content,
            one.revision,
            one.gone,
            tuple(tuple(line) for line in one.lines),
            one.day,
        )
        for one in found
    }


def _leave(
    parted: Parted, run: ImportRun, bare: pl.DataFrame, memory: Mapping[tuple[str, str], Self]
) -> None:
    """Take back what earlier selves landed of vouchers that give no rows any more."""
    names = bare["document"].to_list()
    here = set(names)
    standing = _find(run, names) | {key: one for key, one in memory.items() if key[1] in here}
    versions = dict(bare.iter_rows())
    for (kind, document), known in standing.items():
        version = versions[document]
        if known.gone:
            continue
        if version and known.version and version <= known.version:
            parted.older.append(document)
            continue
        _withdraw(parted, RecordKind(kind), document, known)
        gone = replace(known, version=max(version, known.version), content="", gone=True, lines=())
        _keep(parted, RecordKind(kind), document, gone)
        parted.left.append(document)


def _miss(parted: Parted, run: ImportRun, whole: Whole) -> None:
    """Take back what was recorded of the days of a whole export and is not in it.

    Raises `Refused` when that is more than a fifth: then the export is not whole.
    """
    days = (whole.first, whole.last)
    names = FeedVoucher.objects.filter(feed_id=run.feed_id, day__range=days).values_list(
        "document", flat=True
    )
    there = set(names)
    standing = {
        key: one for key, one in _find(run, sorted(there - whole.documents)).items()
        if not one.gone and one.day and whole.first <= one.day <= whole.last
    }  # fmt: skip
    missing = {document for _, document in standing}
    if len(missing) > max(_FEW, len(there) // 5):
        message = gettext(
            "the export is said to be complete and lacks %(missing)s of %(there)s vouchers recorded of "
            "%(first)s to %(last)s",
            missing=len(missing), there=len(there), first=f"{days[0]:%d-%m-%Y}", last=f"{days[1]:%d-%m-%Y}",
        )  # fmt: skip
        hint = gettext("export all voucher types of the period, or leave out that it is complete")
        fault = Fault("not_complete", hint, "complete", value=sorted(missing)[0])
        raise Refused(message, code="not_complete", faults=[fault])
    for (kind, document), known in sorted(standing.items()):
        _withdraw(parted, RecordKind(kind), document, known)
        _keep(parted, RecordKind(kind), document, replace(known, content="", gone=True, lines=()))
    parted.missing += sorted(missing)


def find_newer(run: ImportRun, kind: RecordKind, told: Sequence[tuple[str, int, str]]) -> dict[str, int]:
    """Documents of which another self stands than the one told; its version. `told`: as rows keep it."""
    standing = _find(run, [document for document, *_ in told])
    newer: dict[str, int] = {}
    for document, version, content in told:
        mine = standing.get((kind.value, document))
        others = [one for (_, name), one in standing.items() if name == document]
        newest = max((one.version for one in others), default=0)
        if newest > version or (mine is not None and (mine.gone or mine.content != content)):
            newer[document] = max(newest, version)
    return newer


def add_lines(run: ImportRun, kind: RecordKind, rows: pl.DataFrame, documents: Mapping[int, str]) -> None:
    """Rows that a person had to correct landed after their voucher did: taking it back needs them too."""
    if kind not in _KEYS or not documents:
        return
    standing = _find(run, sorted(set(documents.values())))
    fresh: Selves = {}
    for row in rows.iter_rows(named=True):
        key = (kind.value, documents.get(row["row"], ""))
        known = fresh.get(key) or standing.get(key)
        line = tuple(row.get(name) for name in _KEYS[kind])
        if known is not None and line not in known.lines:
            fresh[key] = replace(known, lines=(*known.lines, line))
    keep_selves(run, Parted(Parcel(kind, 0, rows), Parcel(kind, 0, rows), fresh=fresh))


def _decide(parted: Parted, kind: RecordKind, document: str, rows: pl.DataFrame, standing: Selves) -> None:
    version, content, day = rows["version"][0], rows["content"][0], rows["day"][0]
    gone = bool((rows["cancelled"] == "yes").fill_null(False).all())
    known = standing.get((kind.value, document))
    numbers = rows["row"].to_list()
    if gone:
        _refuse(parted, kind, document, version, numbers, standing)
        return
    newest = max((one.version for (_, name), one in standing.items() if name == document), default=0)
    if version and version < newest:  # a later self stands, be it of another kind
        parted.outcomes |= dict.fromkeys(numbers, OLDER)
        parted.older.append(document)
        return
    lines = tuple(rows.select(_KEYS[kind]).iter_rows()) if kind in _KEYS else ()
    if known is None:
        first = int(rows["line"][0] or 1) // REVISION if kind is RecordKind.SALES else 0
        _keep(parted, kind, document, Self(version, content, first, False, lines, day))
        _leave_others(parted, kind, document, version, standing)
        return
    sure = bool(version and known.version)
    if sure and version == known.version and known.gone:
        parted.outcomes |= dict.fromkeys(numbers, OLDER)
        parted.older.append(document)
    elif (sure and version == known.version) or (content == known.content and not known.gone):
        both = tuple(dict.fromkeys((*known.lines, *lines)))
        newest = max(version, known.version)
        if both != known.lines or newest != known.version or (day and day != known.day):
            _keep(parted, kind, document, replace(known, version=newest, lines=both, day=day))
    else:
        _withdraw(parted, kind, document, known)
        _keep(parted, kind, document, Self(version, content, known.revision + 1, False, lines, day))
        _leave_others(parted, kind, document, version, standing)


def _refuse(
    parted: Parted, kind: RecordKind, document: str, version: int, numbers: list[int], standing: Selves
) -> None:
    """A voucher that is out of the books: whatever of it landed, in whichever kind, is taken back."""
    mine = {one: self for one in _KINDS if (self := standing.get((one.value, document)))}
    newest = max((one.version for one in mine.values()), default=0)
    parted.outcomes |= dict.fromkeys(numbers, GONE)
    if version and version < newest:
        parted.outcomes |= dict.fromkeys(numbers, OLDER)
        parted.older.append(document)
        return
    if any(not one.gone for one in mine.values()):
        parted.taken_back += len(numbers)
    elif kind is RecordKind.SALES and not mine:
        # landed before selves were kept: what stands is found by its name
        parted.withdrawn[kind] = _added(parted, kind, [{"transaction_id": document}])
    for one, known in mine.items():
        if not known.gone:
            _withdraw(parted, one, document, known)
            _keep(parted, one, document, Self(max(version, newest), "", known.revision, True))
    if not mine and version:
        _keep(parted, kind, document, Self(version, "", 0, True))


def _leave_others(parted: Parted, kind: RecordKind, document: str, version: int, standing: Selves) -> None:
    """What the voucher's earlier self landed in other kinds; what it still lands there comes anew."""
    for other in _KINDS:
        known = standing.get((other.value, document))
        if other is kind or known is None or known.gone:
            continue
        before = _KINDS.index(other) < _KINDS.index(kind)
        if version > known.version if version and known.version else not before:
            _withdraw(parted, other, document, known)
            _keep(parted, other, document, replace(known, content="", gone=True, lines=()))


def _withdraw(parted: Parted, kind: RecordKind, document: str, known: Self) -> None:
    if known.gone:
        return
    if kind is RecordKind.SALES:
        rows: list[dict[str, Any]] = [{"transaction_id": document}]
    else:
        rows = [dict(zip(_KEYS[kind], line, strict=True)) for line in known.lines]
    parted.withdrawn[kind] = _added(parted, kind, rows)


def _added(parted: Parted, kind: RecordKind, rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = _KEYS.get(kind, ("transaction_id",))
    here = parted.withdrawn.get(kind)
    first = 1 + (here.height if here is not None else 0)
    fresh = pl.DataFrame(
        [{"row": first + n, **row, "cancelled": "yes"} for n, row in enumerate(rows)],
        schema={"row": pl.Int64, **dict.fromkeys((*names, "cancelled"), pl.String)},
    )
    return fresh if here is None else pl.concat([here, fresh])


def _keep(parted: Parted, kind: RecordKind, document: str, one: Self) -> None:
    parted.fresh[kind.value, document] = one


def _renumbered(parcel: Parcel, parted: Parted, standing: Selves) -> pl.DataFrame:
    """Sales of altered vouchers under numbers of their revision."""
    if parcel.kind is not RecordKind.SALES or parcel.selves is None:
        return parcel.rows
    now = {name: one.revision for (kind, name), one in (standing | parted.fresh).items()
           if kind == RecordKind.SALES.value and not one.gone}  # fmt: skip
    turned = parcel.selves.select(
        "row",
        (pl.col("document").replace_strict(now, default=None, return_dtype=pl.Int64) * REVISION).alias(
            "base"
        ),
    )
    both = parcel.rows.join(turned, on="row", how="left", maintain_order="left")
    line = pl.col("line").cast(pl.Int64, strict=False)
    return both.with_columns(
        pl.coalesce((pl.col("base") + line % REVISION).cast(pl.String), "line").alias("line")
    ).drop("base")
