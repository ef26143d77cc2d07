"""Nouns, event payloads and the action kind that other apps may know of transfers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

#: The action kind under which transfers are proposed, judged and carried out.
TRANSFER = "transfer"
#: One e-way bill and one challan carry no more lines than this.
MAX_LINES = 250


class ComplianceStatus(StrEnum):
    """Whether law and policy let a recommendation go as it stands."""

    COMPLIANT = "compliant"
    REQUIRES_REVIEW = "requires_review"


class ExecutionStatus(StrEnum):
    """How a transfer ended: all received, nothing, or less than was sent."""

    SUCCESS = "success"
    FAILED = "failed"
    PARTIAL = "partial"


def lane_subject(source_location: str, destination_location: str) -> str:
    """The subject of a transfer: only one may be open on a lane."""
    return f"lane:{source_location}>{destination_location}"


@dataclass(frozen=True, slots=True)
class LaneTerms:
    """What moving goods over one lane costs; money in paise.

    A trip is one vehicle load: it carries at most `vehicle_weight_grams` and `vehicle_volume_cc`
    (0 = no limit) and costs `trip_cost_paise` for the vehicle and `document_cost_paise` for its
    own set of papers. `freight_paise_per_kg` is for the whole lane, not per kilometre.
    `tax_cash_bp` is the cost of cash locked in GST until credit is used, in basis points of the
    cost value moved; 0 when both ends share one GSTIN.
    """

    trip_cost_paise: int
    document_cost_paise: int
    freight_paise_per_kg: int
    handling_paise_per_kg: int
    tax_cash_bp: int
    vehicle_weight_grams: int
    vehicle_volume_cc: int

    @property
    def fixed_paise(self) -> int:
        """What one trip costs before anything is loaded."""
        return self.trip_cost_paise + self.document_cost_paise


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One batch of one SKU on a transfer; pieces, paise per piece, grams and cc per piece.

    `expected_price_paise` is what a piece should fetch at the destination, `hold_price_paise`
    what it should fetch if it stays (negative when it would cost money to be rid of).
    `surplus_pieces` bounds `quantity`; `need_pieces` is what the destination lacks of the whole
    SKU, whatever the batch: pieces above it are valued at nothing.
    """

    sku: str
    batch: str
    quantity: int
    unit_cost_paise: int
    expected_price_paise: int
    hold_price_paise: int
    surplus_pieces: int
    need_pieces: int
    case_pack: int
    weight_grams: int
    volume_cc: int
    expiry_date: date | None = None


@dataclass(frozen=True, slots=True)
class TransferPayload:
    """What a transfer action would do, complete enough to be valued again after an edit.

    Money in paise, quantities in pieces; `urgency_score` in 0..1. `lines` are sorted by SKU and
    batch and name each batch once. `transportation_cost_paise` is freight, trips, papers and
    handling; `expected_revenue_paise` is what the lines should fetch at the destination.
    """

    recommendation_id: str
    source_location: str
    destination_location: str
    source_territory: str
    target_territory: str
    lines: tuple[TransferLine, ...]
    terms: LaneTerms
    distance_km: int
    transit_days: int
    transportation_cost_paise: int
    expected_revenue_paise: int
    urgency_score: float

    @property
    def quantity(self) -> int:
        """Pieces on all lines."""
        return sum(line.quantity for line in self.lines)

    @property
    def subject(self) -> str:
        return lane_subject(self.source_location, self.destination_location)

    def as_plain(self) -> dict[str, Any]:
        """Plain JSON in the shape that `parse` reads."""
        shape: dict[str, Any] = plain(self)
        return shape

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> TransferPayload:
        """Read plain JSON; `Invalid` with one fault per field that is missing, unknown or wrong."""
        reader = _Reader(data)
        payload = cls(
            recommendation_id=reader.text("recommendation_id"),
            source_location=reader.text("source_location"),
            destination_location=reader.text("destination_location"),
            source_territory=reader.text("source_territory"),
            target_territory=reader.text("target_territory"),
            lines=tuple(_line(item) for item in reader.items("lines", most=MAX_LINES)),
            terms=_terms(reader.item("terms")),
            distance_km=reader.whole("distance_km", least=0),
            transit_days=reader.whole("transit_days", least=0),
            transportation_cost_paise=reader.whole("transportation_cost_paise", least=0),
            expected_revenue_paise=reader.whole("expected_revenue_paise"),
            urgency_score=reader.share("urgency_score"),
        )
        reader.refuse_unread()
        if payload.source_location == payload.destination_location:
            reader.fault("same_location", "destination_location", _("source and destination are one"))
        keys = [(line.sku, line.batch) for line in payload.lines]
        for row, key in enumerate(keys, 1):
            if key in keys[: row - 1]:
                reader.fault("repeated", f"lines[{row}].batch", _("each batch stands once"), key[1], row)
        reader.close(_("the transfer cannot be read"))
        return payload


def _line(reader: _Reader) -> TransferLine:
    line = TransferLine(
        sku=reader.text("sku"),
        batch=reader.text("batch", empty=True),
        quantity=reader.whole("quantity", least=1),
        unit_cost_paise=reader.whole("unit_cost_paise", least=0),
        expected_price_paise=reader.whole("expected_price_paise", least=0),
        hold_price_paise=reader.whole("hold_price_paise"),
        surplus_pieces=reader.whole("surplus_pieces", least=0),
        need_pieces=reader.whole("need_pieces", least=0),
        case_pack=reader.whole("case_pack", least=1),
        weight_grams=reader.whole("weight_grams", least=0),
        volume_cc=reader.whole("volume_cc", least=0),
        expiry_date=reader.day("expiry_date"),
    )
    reader.refuse_unread()
    return line


def _terms(reader: _Reader) -> LaneTerms:
    names = LaneTerms.__dataclass_fields__
    terms = LaneTerms(**{name: reader.whole(name, least=0) for name in names})
    reader.refuse_unread()
    return terms


@dataclass(frozen=True, slots=True)
class ReallocationOpportunity:
    """Event: stock of one SKU would do better in another territory.

    A transfer of several SKUs writes one event per SKU under one `recommendation_id`.
    """

    VERSION: ClassVar[int] = 1

    recommendation_id: str
    source_sku: str
    source_territory: str
    target_territory: str
    quantity: int
    transportation_cost_paise: int
    expected_revenue_paise: int
    urgency_score: float
    compliance_status: ComplianceStatus


@dataclass(frozen=True, slots=True)
class ReallocationExecuted:
    """Event: a transfer was received, failed, or arrived short; documents by number."""

    VERSION: ClassVar[int] = 1

    recommendation_id: str
    execution_status: ExecutionStatus
    actual_quantity: int
    actual_cost_paise: int
    compliance_documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FreightBilled:
    """Event: what the carriage of a transfer was billed at, without GST, against what was told of it.

    Billed again, the last one holds.
    """

    VERSION: ClassVar[int] = 1

    recommendation_id: str
    told_paise: int
    billed_paise: int
    reference: str


class _Reader:
    """Takes fields out of plain JSON one by one and remembers every fault on the way.

    A child reader shares its parent's list of faults, so that one refusal names them all.
    """

    def __init__(
        self, data: Any, path: str = "", row: int | None = None, faults: list[Fault] | None = None
    ) -> None:
        self._data = data if isinstance(data, Mapping) else {}
        self._path, self._row = path, row
        self._read: set[str] = set()
        self._faults: list[Fault] = [] if faults is None else faults
        if not isinstance(data, Mapping):
            self.fault("not_an_object", "", _("write an object with named fields"), repr(data))

    def text(self, name: str, *, empty: bool = False) -> str:
        value = self._take(name)
        if isinstance(value, str) and (value or empty):
            return value
        self.fault("not_text", name, _("write a text") if empty else _("write a text, not empty"), value)
        return ""

    def whole(self, name: str, *, least: int | None = None) -> int:
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault("not_whole", name, _("write a whole number"), value)
            return 0
        if least is not None and value < least:
            self.fault("too_low", name, _("write %(least)s or more", least=least), value)
        return value

    def share(self, name: str) -> float:
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            self.fault("not_a_share", name, _("write a number from 0 to 1"), value)
            return 0.0
        return float(value)

    def day(self, name: str) -> date | None:
        value = self._take(name)
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            self.fault("not_a_day", name, _("write a day as YYYY-MM-DD, or null"), value)
            return None

    def item(self, name: str) -> _Reader:
        return _Reader(self._take(name), f"{self._path}{name}.", self._row, self._faults)

    def items(self, name: str, *, most: int) -> list[_Reader]:
        value = self._take(name)
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= most:
            self.fault("not_a_list", name, _("write a list of 1 to %(most)s entries", most=most))
            return []
        path = f"{self._path}{name}"
        return [_Reader(v, f"{path}[{n}].", n, self._faults) for n, v in enumerate(value, 1)]

    def refuse_unread(self) -> None:
        """Fault every field that nobody asked for: a misspelt name must not vanish in silence."""
        for name in sorted(set(map(str, self._data)) - self._read):
            self.fault("unknown_field", name, _("there is no such field"))

    def fault(self, code: str, name: str, message: str, value: Any = "", row: int | None = None) -> None:
        shown = "" if value is _MISSING else str(value)
        field = f"{self._path}{name}".removesuffix(".")
        self._faults.append(Fault(code, message, field, row or self._row, shown))

    def close(self, message: str) -> None:
        if self._faults:
            raise Invalid(message, code="transfer_payload", faults=self._faults)

    def _take(self, name: str) -> Any:
        self._read.add(name)
        return self._data.get(name, _MISSING)


_MISSING = object()
