"""Reads in the words of law and papers: parties and goods lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from inventory.models import (
    Batch,
    GstRegistration,
    Location,
    Movement,
    MovementKind,
    NoteReversal,
    Territory,
)
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import NotFound
from vyapar.kernel.facts import GoodsLine, MovementFacts, Party
from vyapar.kernel.phrases import phrase as gettext
from vyapar.law.itc import RETURN_ROUTES
from vyapar.law.rates import rate_for
from vyapar.law.tax import split_tax


def get_place(code: str) -> Location:
    """A location with its territory and registration; `NotFound` when there is none."""
    found = Location.objects.select_related("territory__registration").filter(code=code).first()
    if found is None:
        raise NotFound(gettext("there is no location %(code)s", code=f"{code!r}"), code="no_such_location")
    return found


def party_at(location: Location) -> Party:
    """The registration under which a location stands, at that location's own address."""
    registration = location.territory.registration
    return Party(
        legal_name=registration.legal_name,
        trade_name=registration.trade_name,
        gstin=registration.gstin,
        state_code=registration.state_code,
        pincode=location.pincode,
        place=location.place or registration.place,
        address=location.address or registration.address,
        fssai=registration.fssai,
        registration_active=registration.active,
    )


def get_seller(territory_code: str) -> Party:
    """The registration that sells in a territory, at its principal place of business."""
    found = Territory.objects.select_related("registration").filter(code=territory_code).first()
    if found is None:
        raise NotFound(
            gettext("there is no territory %(territory)s", territory=f"{territory_code!r}"),
            code="no_such_territory",
        )
    return registered_party(found.registration)


def registered_party(row: GstRegistration) -> Party:
    """A registration at its principal place of business."""
    return Party(
        legal_name=row.legal_name,
        trade_name=row.trade_name,
        gstin=row.gstin,
        state_code=row.state_code,
        pincode=row.pincode,
        place=row.place,
        address=row.address,
        fssai=row.fssai,
        registration_active=row.active,
    )


def list_goods(wanted: Iterable[tuple[str, str, int, int, int]]) -> tuple[GoodsLine, ...]:
    """Goods lines for `(sku, batch, quantity, unit value, offer price)`, in the order asked for.

    Unit value excludes GST, offer price includes it; paise per piece. `NotFound` names the first
    batch that does not exist. Two queries however many lines.
    """
    asked = list(wanted)
    rows = Batch.objects.select_related("sku").filter(
        sku__code__in={sku for sku, *_ in asked}, number__in={batch for _, batch, *_ in asked}
    )
    batches = {(row.sku.code, row.number): row for row in rows}
    return tuple(_line(batches, *one) for one in asked)


def _line(
    batches: dict[tuple[str, str], Batch], sku: str, batch: str, quantity: int, value: int, offer: int
) -> GoodsLine:
    row = batches.get((sku, batch))
    if row is None:
        raise NotFound(
            gettext("there is no batch %(batch)s of %(sku)s", batch=f"{batch!r}", sku=f"{sku!r}"),
            code="no_such_batch",
        )
    return GoodsLine(
        sku=sku,
        description=row.sku.name,
        hsn=row.sku.hsn,
        quantity=quantity,
        batch=batch,
        mrp_paise=row.mrp_paise,
        cost_paise=row.cost_paise,
        unit_value_paise=value,
        expiry_date=row.expiry_date,
        manufacture_date=row.manufacture_date,
        uqc=row.sku.uqc,
        packed=row.sku.packed,
        rate_item=row.sku.rate_item,
        purchase_invoice=row.purchase_invoice,
        weight_grams=row.sku.weight_grams,
        offer_price_paise=offer,
    )


def tax_on(goods: GoodsLine, facts: MovementFacts) -> int:
    """GST on a line of a movement in paise, as on its paper: none inside one registration, and none on
    goods that go back to their company against its credit note."""
    is_supply = facts.source.gstin != facts.destination.gstin
    if not is_supply or facts.return_route not in ("", RETURN_ROUTES[0]):
        return 0
    rate = rate_for(goods.hsn, facts.dispatch_date, rate_item=goods.rate_item, packed=goods.packed)
    value = goods.quantity * goods.unit_value_paise
    states = facts.source.state_code, facts.destination.state_code
    return split_tax(value, rate.basis_points, *states, cess_bp=rate.cess_bp).total


@dataclass(frozen=True, slots=True)
class WriteOff:
    """Stock that left otherwise than by sale or transfer; money in paise per piece."""

    on_date: date
    kind: str
    sku: str
    description: str
    batch: str
    quantity: int
    cost_paise: int
    itc_paise: int
    purchase_invoice: str
    reference: str


def list_write_offs(start: datetime, end: datetime) -> list[WriteOff]:
    """Write-offs, damages and shortages booked from `start` until before `end`, in order; a write-off that
    was booked back has pieces below 0."""
    kinds = [MovementKind.WRITE_OFF, MovementKind.DAMAGED, MovementKind.SHORT]
    rows = Movement.objects.filter(kind__in=kinds, at__gte=start, at__lt=end)
    rows = rows.filter(Q(quantity__lt=0) | Q(kind=MovementKind.WRITE_OFF))
    return [
        WriteOff(
            on_date=ist_day(row.at),
            kind=row.kind,
            sku=row.batch.sku.code,
            description=row.batch.sku.name,
            batch=row.batch.number,
            quantity=-row.quantity,
            cost_paise=row.batch.cost_paise,
            itc_paise=row.batch.itc_paise,
            purchase_invoice=row.batch.purchase_invoice,
            reference=row.reference,
        )
        for row in rows.select_related("batch__sku").order_by("at", "id")
    ]


@dataclass(frozen=True, slots=True)
class NoteCredit:
    """Credit that a company's GST credit note over a claim takes back; below 0 where an entry was undone."""

    on_date: date
    claim: str
    sku: str
    batch: str
    note: str
    noted_on: date | None
    gstin: str
    company: str
    company_gstin: str
    credited_paise: int
    igst_paise: int
    cgst_paise: int
    sgst_paise: int


def list_note_reversals(start: datetime, end: datetime) -> list[NoteCredit]:
    """What companies' GST credit notes took back, booked from `start` until before `end`, in order."""
    rows = NoteReversal.objects.filter(booked_at__gte=start, booked_at__lt=end)
    return [
        NoteCredit(
            on_date=ist_day(row.booked_at),
            claim=row.claim.reference,
            sku=row.claim.batch.sku.code,
            batch=row.claim.batch.number,
            note=row.note,
            noted_on=row.noted_on,
            gstin=row.gstin,
            company=row.company,
            company_gstin=row.company_gstin,
            credited_paise=row.credited_paise,
            igst_paise=row.igst_paise,
            cgst_paise=row.cgst_paise,
            sgst_paise=row.sgst_paise,
        )
        for row in rows.select_related("claim__batch__sku").order_by("booked_at", "pk")
    ]


def list_registered_parties() -> tuple[Party, ...]:
    """Every GST registration of the distributor, by GSTIN."""
    return tuple(registered_party(row) for row in GstRegistration.objects.order_by("gstin"))
