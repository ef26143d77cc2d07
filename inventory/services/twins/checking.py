"""What stands in the way of merging two: each thing with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.contracts.feeds import RecordKind
from inventory.likeness import pack_of
from inventory.models import DemandAdjustment, Retailer, Sku, Twins
from inventory.selectors.twins import list_concerned, list_under_way
from inventory.services.staging import rows
from vyapar.kernel.errors import Fault, NotFound, Refused
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _

# Batches of one number under both codes: they are one lot only when they say the same.
_LOTS = """
SELECT o.number, o.mrp_paise IS DISTINCT FROM k.mrp_paise, o.expiry_date IS DISTINCT FROM k.expiry_date
FROM inventory_batch o JOIN inventory_batch k ON k.sku_id = %s AND k.number = o.number
WHERE o.sku_id = %s AND (o.mrp_paise <> k.mrp_paise OR o.expiry_date IS DISTINCT FROM k.expiry_date)
ORDER BY 1
"""
_LOT_INVOICES = """
SELECT p.purchase_invoice FROM inventory_purchaseline p JOIN inventory_batch o ON o.id = p.batch_id
JOIN inventory_batch k ON k.sku_id = %s AND k.number = o.number
JOIN inventory_purchaseline q ON q.purchase_invoice = p.purchase_invoice AND q.batch_id = k.id
     AND q.location_id = p.location_id
WHERE o.sku_id = %s ORDER BY 1
"""
_PLACE_INVOICES = """
SELECT p.purchase_invoice FROM inventory_purchaseline p
JOIN inventory_purchaseline q ON q.purchase_invoice = p.purchase_invoice AND q.batch_id = p.batch_id
     AND q.location_id = %s
WHERE p.location_id = %s ORDER BY 1
"""


def check_outlets(kept: Retailer, other: Retailer) -> None:
    """Raise `Refused` with every reason why two outlets cannot become one."""
    faults = []
    if kept.gstin and other.gstin and kept.gstin != other.gstin:
        said = _(
            "%(kept)s has GSTIN %(gstin)s, %(other)s has %(other_gstin)s: two persons for GST; "
            "keep them apart",
            kept=kept.retailer_id, gstin=kept.gstin, other=other.retailer_id, other_gstin=other.gstin,
        )  # fmt: skip
        faults.append(Fault("other_gstin", said, "gstin"))
    if kept.territory_id != other.territory_id:
        said = _(
            "%(kept)s is of %(territory)s, %(other)s of %(other_territory)s: their sales are on the books of "
            "two territories; correct one of them first",
            kept=kept.retailer_id, territory=kept.territory.name,
            other=other.retailer_id, other_territory=other.territory.name,
        )  # fmt: skip
        faults.append(Fault("other_territory", said, "territory"))
    for (invoice,) in rows(_PLACE_INVOICES, [kept.outlet_id, other.outlet_id]):
        said = _("purchase %(invoice)s stands at both places; correct one of them first", invoice=invoice)
        faults.append(Fault("purchase_at_both", said, "purchase_invoice", value=invoice))
    held = [kept.outlet.code, other.outlet.code]
    faults += _open([kept.retailer_id, other.retailer_id, *held], held)
    _refuse(faults, kept.retailer_id, other.retailer_id)


def check_skus(kept: Sku, other: Sku) -> None:
    """Raise `Refused` with every reason why two SKUs cannot become one."""
    faults = []
    if kept.uqc != other.uqc:
        said = _(
            "%(kept)s is counted in %(unit)s, %(other)s in %(other_unit)s; correct one of them first",
            kept=kept.code, unit=kept.uqc, other=other.code, other_unit=other.uqc,
        )  # fmt: skip
        faults.append(Fault("other_unit", said, "uqc"))
    if pack_of(kept.name)[0] != pack_of(other.name)[0]:
        packs = _(
            "%(kept)s and %(other)s are two packs; keep them apart, or correct the name",
            kept=f"{kept.name!r}", other=f"{other.name!r}",
        )  # fmt: skip
        faults.append(Fault("other_pack", packs, "name"))
    for number, mrp, _expiry in rows(_LOTS, [kept.pk, other.pk]):
        what = _("MRP") if mrp else _("expiry date")
        lot = _(
            "batch %(number)s has another %(what)s under each code; correct one of them first",
            number=number,
            what=what,
        )
        faults.append(Fault("batch_of_both_differs", lot, "batch", value=number))
    for (invoice,) in rows(_LOT_INVOICES, [kept.pk, other.pk]):
        both = _(
            "purchase %(invoice)s has both codes in one batch; correct one of its lines first",
            invoice=invoice,
        )
        faults.append(Fault("purchase_at_both", both, "purchase_invoice", value=invoice))
    codes = [kept.code, other.code]
    faults += list_corrected(codes)
    faults += _open(codes, codes)
    _refuse(faults, kept.code, other.code)


def check_names(kind: RecordKind, keep: str, other: str) -> None:
    """Raise `Refused` when one of two codes is only another name of something already."""
    if keep == other:
        raise Refused(_("an outlet or a SKU cannot be merged with itself"), code="same_code")
    merged = Twins.objects.filter(kind=kind.value, state=Twins.State.MERGED, other__in=[keep, other])
    if row := merged.first():
        message = _(
            "%(other)s is merged into %(kept)s already; take that apart first, or merge %(kept)s",
            other=row.other,
            kept=row.kept,
        )
        raise Refused(message, code="already_merged", faults=[Fault("already_merged", message, "keep")])


def _open(codes: list[str], held: list[str]) -> Iterator[Fault]:
    actions = list_concerned(codes, held)
    for action in actions:
        message = (
            _(
                "action %(number)s (%(title)s) is open; decide it or let it end first",
                number=action.number, title=action.title,
            )
            if action.why == "open"
            else _(
                "action %(number)s (%(title)s) still holds stock; decide it or let it end first",
                number=action.number, title=action.title,
            )
        )  # fmt: skip
        yield Fault("open_action", message, "action", value=str(action.number))
    for name, coming, kept in list_under_way(held) if not actions else ():
        message = (
            _(
                "%(spot)s: %(pieces)s pieces are on their way; wait until they are there",
                spot=name,
                pieces=coming,
            )
            if coming
            else _("%(spot)s: %(pieces)s pieces are held; wait until they are there", spot=name, pieces=kept)
        )
        yield Fault("stock_under_way", message, "stock", value=name)


def list_corrected(codes: list[str]) -> Iterator[Fault]:
    """Corrections of past demand in force: each is of the sales as its SKU had them, apart or together."""
    found = DemandAdjustment.objects.filter(sku__code__in=codes, withdrawn_at=None).select_related("sku")
    for row in found.order_by("pk"):
        message = _(
            "correction %(number)s says what %(sku)s counts as from %(first)s to %(last)s; withdraw it first",
            number=row.pk, sku=row.sku.code, first=str(row.from_date), last=str(row.to_date),
        )  # fmt: skip
        yield Fault("corrected", message, "correction", value=str(row.pk))


def open_actions(codes: list[str], held: list[str]) -> list[Fault]:
    """Actions that have to do with codes and have not come to their end."""
    return list(_open(codes, held))


def _refuse(faults: list[Fault], keep: str, other: str) -> None:
    if faults:
        message = _(
            "%(other)s cannot be merged into %(kept)s: %(why)s",
            other=other, kept=keep, why=listed([one.message for one in faults[:5]]),
        )  # fmt: skip
        raise Refused(message, code="twins_cannot_merge", faults=faults)


def get_outlet(code: str) -> Retailer:
    """An outlet with its place and territory, locked; `NotFound` when there is none."""
    found = (
        Retailer.objects.select_for_update(of=("self",))
        .select_related("outlet", "territory")
        .filter(retailer_id=code)
        .first()
    )
    if found is None:
        raise NotFound(_("there is no retailer %(code)s", code=f"{code[:40]!r}"), code="no_such_retailer")
    return found


def get_sku(code: str) -> Sku:
    """A SKU, locked; `NotFound` when there is none."""
    found = Sku.objects.select_for_update().filter(code=code).first()
    if found is None:
        raise NotFound(_("there is no SKU %(code)s", code=f"{code[:60]!r}"), code="no_such_sku")
    return found
