"""What a load costs and brings in whole paise, when planned and again after a person edits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from reallocation.contracts import (
    ComplianceStatus,
    LaneTerms,
    ReallocationOpportunity,
    TransferLine,
    TransferPayload,
)
from vyapar.kernel.decision import WayOut
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.money import half_up, part, share
from vyapar.kernel.phrases import phrase as _

_GRAMS_PER_KG = 1000


@dataclass(frozen=True, slots=True)
class Account:
    """One load in whole paise. `revenue` at the destination, `hold` if it all stays."""

    quantity: int
    trips: int
    value_paise: int
    revenue_paise: int
    hold_paise: int
    freight_paise: int
    handling_paise: int
    trip_paise: int
    document_paise: int
    tax_cash_paise: int

    @property
    def transport_paise(self) -> int:
        """What carrying it costs: freight, handling, vehicles and their papers."""
        return self.freight_paise + self.handling_paise + self.trip_paise + self.document_paise

    @property
    def transfer_paise(self) -> int:
        """Net of moving it."""
        return self.revenue_paise - self.transport_paise - self.tax_cash_paise

    @property
    def net_paise(self) -> int:
        """What moving brings over leaving."""
        return self.transfer_paise - self.hold_paise

    def ways_out(self) -> tuple[WayOut, ...]:
        """Leaving the load and moving it, side by side."""
        moved = {
            "revenue": self.revenue_paise,
            "freight": -self.freight_paise,
            "handling": -self.handling_paise,
            "trips": -self.trip_paise,
            "documents": -self.document_paise,
            "tax_cash": -self.tax_cash_paise,
        }
        return (
            WayOut("hold", self.hold_paise, {"recovery": self.hold_paise}),
            WayOut("transfer", self.transfer_paise, moved),
        )


def account(lines: Sequence[TransferLine], terms: LaneTerms) -> Account:
    """The account of a load; freight, handling and tax are rounded half-up once per load.

    Pieces of an SKU above the destination's need are valued at nothing there.
    """
    grams = sum(line.quantity * line.weight_grams for line in lines)
    trips = trips_for(lines, terms)
    value = sum(line.quantity * line.unit_cost_paise for line in lines)
    return Account(
        quantity=sum(line.quantity for line in lines),
        trips=trips,
        value_paise=value,
        revenue_paise=_revenue(lines),
        hold_paise=sum(line.quantity * line.hold_price_paise for line in lines),
        freight_paise=_by_weight(grams, terms.freight_paise_per_kg),
        handling_paise=_by_weight(grams, terms.handling_paise_per_kg),
        trip_paise=trips * terms.trip_cost_paise,
        document_paise=trips * terms.document_cost_paise,
        tax_cash_paise=part(value, terms.tax_cash_bp),
    )


def trips_for(lines: Sequence[TransferLine], terms: LaneTerms) -> int:
    """Vehicles a load fills, by weight or by volume, whichever needs more; 0 for no load."""
    if not any(line.quantity for line in lines):
        return 0
    grams = sum(line.quantity * line.weight_grams for line in lines)
    volume = sum(line.quantity * line.volume_cc for line in lines)
    by_weight = -(-grams // terms.vehicle_weight_grams) if terms.vehicle_weight_grams else 0
    by_volume = -(-volume // terms.vehicle_volume_cc) if terms.vehicle_volume_cc else 0
    return max(by_weight, by_volume, 1)


def _by_weight(grams: int, paise_per_kg: int) -> int:
    return half_up(Decimal(grams * paise_per_kg) / _GRAMS_PER_KG)


def _revenue(lines: Sequence[TransferLine]) -> int:
    wanted: dict[str, int] = {}
    total = 0
    for line in lines:
        left = wanted.setdefault(line.sku, line.need_pieces)
        sold = min(line.quantity, left)
        wanted[line.sku] = left - sold
        total += sold * line.expected_price_paise
    return total


@dataclass(frozen=True, slots=True)
class Revaluation:
    """A transfer after an edit: the new payload and what it now moves, costs and brings."""

    payload: TransferPayload
    quantity: int
    value_paise: int
    cost_paise: int
    net_paise: int
    alternatives: tuple[WayOut, ...]


#: An edit that leaves every line as it is.
_NO_CHANGE: Mapping[tuple[str, str], Any] = {}


def revalue(payload: TransferPayload, quantities: Mapping[tuple[str, str], Any] = _NO_CHANGE) -> Revaluation:
    """The transfer with other pieces on the lines named by (SKU, batch); 0 drops a line.

    Lines not named stay as they are. `Invalid` names every quantity that is not a whole number,
    negative or above the line's surplus, every line that does not exist, and an empty transfer.
    A transfer of which nothing is changed is valued exactly as when it was proposed.
    """
    _check_changes(payload, quantities)
    lines = tuple(
        replace(line, quantity=pieces)
        for line in payload.lines
        if (pieces := quantities.get((line.sku, line.batch), line.quantity))
    )
    result = account(lines, payload.terms)
    edited = replace(
        payload,
        lines=lines,
        transportation_cost_paise=result.transport_paise,
        expected_revenue_paise=result.revenue_paise,
    )
    return Revaluation(
        payload=edited,
        quantity=result.quantity,
        value_paise=result.value_paise,
        cost_paise=result.transport_paise + result.tax_cash_paise,
        net_paise=result.net_paise,
        alternatives=result.ways_out(),
    )


def _check_changes(payload: TransferPayload, changes: Mapping[tuple[str, str], Any]) -> None:
    known = {(line.sku, line.batch): (row, line) for row, line in enumerate(payload.lines, 1)}
    faults = []
    for key, pieces in changes.items():
        row, line = known.get(key, (None, None))
        field = f"lines[{row}].quantity" if row else "lines"
        if line is None:
            code, message = "no_such_line", _("%(line)s is not on this transfer", line=" ".join(key))
        elif isinstance(pieces, bool) or not isinstance(pieces, int) or pieces < 0:
            code, message = "not_whole", _("write a whole number of pieces, 0 to drop the line")
        elif pieces > line.surplus_pieces:
            code, message = (
                "above_surplus",
                _("only %(pieces)s pieces are free to move", pieces=line.surplus_pieces),
            )
        else:
            continue
        faults.append(Fault(code, message, field, row, str(pieces)))
    left = [changes.get((line.sku, line.batch), line.quantity) for line in payload.lines]
    if not faults and not any(left):
        faults.append(Fault("empty", _("a transfer moves at least one piece"), "lines"))
    if faults:
        raise Invalid(_("the transfer cannot be changed so"), code="transfer_edit", faults=faults)


def opportunities(payload: TransferPayload, status: ComplianceStatus) -> tuple[ReallocationOpportunity, ...]:
    """One event per SKU on a transfer, SKUs in order; the payload's cost is shared among them
    by weight, by pieces when weightless, to the last paisa."""
    skus = sorted({line.sku for line in payload.lines})
    lines = {sku: [line for line in payload.lines if line.sku == sku] for sku in skus}
    grams = [sum(line.quantity * line.weight_grams for line in lines[sku]) for sku in skus]
    pieces = [sum(line.quantity for line in lines[sku]) for sku in skus]
    costs = share(payload.transportation_cost_paise, grams if any(grams) else pieces)
    return tuple(
        ReallocationOpportunity(
            recommendation_id=payload.recommendation_id,
            source_sku=sku,
            source_territory=payload.source_territory,
            target_territory=payload.target_territory,
            quantity=pieces[number],
            transportation_cost_paise=costs[number],
            expected_revenue_paise=_revenue(lines[sku]),
            urgency_score=payload.urgency_score,
            compliance_status=status,
        )
        for number, sku in enumerate(skus)
    )
