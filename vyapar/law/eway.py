"""E-way bills: when one is needed, and how long it is good for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from vyapar.kernel.calendar import ist_day, ist_instant
from vyapar.kernel.errors import Fault, Invalid, Misconfigured
from vyapar.kernel.money import PAISE_PER_RUPEE, indian
from vyapar.kernel.phrases import Phrase
from vyapar.kernel.phrases import phrase as _
from vyapar.law.states import get_state
from vyapar.law.store import Row, in_force, period, table

_ALL = "ALL"
_LAST_MINUTE = time(23, 59)


@dataclass(frozen=True, slots=True)
class Threshold:
    """The value above which a movement needs an e-way bill; `verified` when a State row says so."""

    paise: int
    basis: str
    verified: bool


@dataclass(frozen=True, slots=True)
class EwayNeed:
    """Whether an e-way bill is needed, the value and threshold compared, and the sentence why."""

    needed: bool
    value_paise: int
    threshold_paise: int
    reason: str
    basis: str


def threshold(from_state: str, to_state: str, on_date: date, *, hsns: Sequence[str] = ()) -> Threshold:
    """The threshold of a movement between two States on a day.

    Between States it is the same everywhere. Within a State its own row counts only where two
    sources agree (`safe_to_ship_as_default`); otherwise, and for goods that the row excepts, the
    general figure stands: too low only warns, too high gets goods seized.

    Source: Rule 138(1) CGST and the States' notifications under Rule 138(14)(d).
    """
    source, target = get_state(from_state), get_state(to_state)
    general = _general()
    if source.code != target.code:
        return Threshold(_paise(general), f"{general['source']}, between States", True)
    row = _state_row(source.code, on_date)
    if row is None:
        return Threshold(_paise(general), f"{general['source']}, no verified row for {source}", False)
    excepted = [prefix for prefix in row["except_hsn"].split(";") if prefix]
    if any(hsn.startswith(prefix) for hsn in hsns for prefix in excepted):
        basis = f"{general['source']}, goods excepted by {source}: {row['source']}"
        return Threshold(_paise(general), basis, True)
    return Threshold(_paise(row), f"{source.name}: {row['source']}", True)


def eway_need(
    consignment_paise: int,
    from_state: str,
    to_state: str,
    on_date: date,
    *,
    hsns: Sequence[str] = (),
) -> EwayNeed:
    """Whether a consignment needs an e-way bill: its value must be above the threshold, not at it.

    `consignment_paise` includes the tax charged and leaves out exempt goods; `hsns` are the codes
    of the goods that count. Source: Rule 138(1) with Explanation 2, Rule 138(14)(e) CGST.
    """
    bar = threshold(from_state, to_state, on_date, hsns=hsns)
    needed = consignment_paise > bar.paise
    reason = eway_reason(consignment_paise, bar.paise)
    return EwayNeed(needed, consignment_paise, bar.paise, reason, bar.basis)


def eway_reason(consignment_paise: int, threshold_paise: int) -> Phrase:
    """The sentence that says why a consignment needs an e-way bill, or none."""
    value, mark = indian(consignment_paise), indian(threshold_paise)
    if not consignment_paise:
        return _("No e-way bill: all goods are exempt, and exempt goods need none.")
    if consignment_paise > threshold_paise:
        return _("E-way bill needed: %(value)s is above the threshold of %(mark)s.", value=value, mark=mark)
    return _("No e-way bill: %(value)s is not above the threshold of %(mark)s.", value=value, mark=mark)


def validity_days(distance_km: int, on_date: date, *, over_dimensional: bool = False) -> int:
    """Days for which an e-way bill is good: one for each started 200 km (20 km for ODC cargo).

    Source: Rule 138(10) CGST.
    """
    if distance_km < 0:
        fault = Fault("distance", _("a distance is zero or more"), "distance_km", value=str(distance_km))
        raise Invalid(_("distance_km cannot be negative"), code="distance", faults=[fault])
    step = limit("km_per_day_over_dimensional" if over_dimensional else "km_per_day", on_date)
    return max(1, -(-distance_km // step))


def valid_until(part_b_at: datetime, distance_km: int, *, over_dimensional: bool = False) -> datetime:
    """The UTC instant at which an e-way bill lapses: 23:59 in India, `validity_days` after Part B.

    Source: Rule 138(10) CGST with its explanation, checked against recorded portal replies.
    """
    start = ist_day(part_b_at)
    days = validity_days(distance_km, start, over_dimensional=over_dimensional)
    return ist_instant(start + timedelta(days=days), _LAST_MINUTE)


def limit(name: str, on_date: date) -> int:
    """A figure of the e-way bill system by its name; the earliest known one before its first day."""
    rows = [row for row in table("eway_limits") if row["limit"] == name]
    if not rows:
        raise Misconfigured(
            _("the law tables have no e-way limit %(name)s", name=f"{name!r}"), code="no_such_limit"
        )
    current = in_force(rows, on_date)
    return int((current or (min(rows, key=lambda r: r["effective_from"]),))[0]["value"])


def document_is_too_old(document_date: date, on_date: date) -> bool:
    """Whether the portal refuses an e-way bill for a document of that date.

    Source: GSTN advisory of 17-12-2024: not more than 180 days old, from 01-01-2025.
    """
    rows = [row for row in table("eway_limits") if row["limit"] == "document_age"]
    return any((on_date - document_date).days > int(row["value"]) for row in in_force(rows, on_date))


def _general() -> Row:
    return next(row for row in table("eway_state_thresholds") if row["state_code"] == _ALL)


def _state_row(code: str, on_date: date) -> Row | None:
    rows = (r for r in table("eway_state_thresholds") if r["state_code"] == code)
    safe = (r for r in rows if r["safe_to_ship_as_default"] == "Y" and on_date in period(r))
    return next(safe, None)


def _paise(row: Row) -> int:
    return int(row["threshold_inr"]) * PAISE_PER_RUPEE
