"""What each way out is worth: net paise today, as components that add up exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.contracts.policy import MoneyRates
from inventory.impact.lots import Lots
from inventory.impact.rates import (
    BASIS_POINTS,
    DAYS_PER_YEAR,
    GRAMS_PER_KG,
    by_weight,
    half_interest,
    interest,
    part,
)
from inventory.impact.response import cleared_shares, offer_sold
from vyapar.kernel.decision import WayOut

WAYS = ("hold", "transfer", "discount", "return_to_company", "donate", "destroy")
#: Every way has all of these, 0 where one does not apply; revenue positive, cost negative.
COMPONENTS = (
    "recovered",
    "residual",
    "claim",
    "carrying",
    "opportunity",
    "transport",
    "handling",
    "documents",
    "discount",
    "message",
    "disposal",
    "output_tax",
    "itc_reversal",
)

_Parts = dict[str, Ints]


@dataclass(frozen=True, slots=True, eq=False)
class WaysOut:
    """All ways for all lots: `components` (ways, components, lots) paise, `net` (ways, lots) their
    sums, `available` (ways, lots). A closed way is all zeros.
    """

    components: Ints
    net: Ints
    available: Flags

    def best(self) -> Ints:
        """(lots,), index into `WAYS` of the open way with the highest net; earlier ways on ties, but holding
        at a loss behind all others: what nothing can sell any more is not to be kept.
        """
        net = np.where(self.available, self.net, np.iinfo(np.int64).min)
        best, other = net.argmax(axis=0), net[1:].argmax(axis=0) + 1
        lot = np.arange(net.shape[1])
        is_futile = (best == 0) & (net[0] < 0) & (net[other, lot] == net[0])
        return np.asarray(np.where(is_futile, other, best))

    def fallback(self) -> Ints:
        """(lots,), net of doing nothing: held, or destroyed when holding is closed."""
        hold, destroy = WAYS.index("hold"), WAYS.index("destroy")
        return np.asarray(np.where(self.available[hold], self.net[hold], self.net[destroy]))

    def of(self, lot: int) -> tuple[WayOut, ...]:
        """The ways of one lot: open ones first, the highest net first, ties as `best` has them."""
        ways = [self._way(number, lot) for number in range(len(WAYS))]
        return tuple(sorted(ways, key=lambda way: rank(way.name, way.net_paise, way.available)))

    def _way(self, number: int, lot: int) -> WayOut:
        values = self.components[number, :, lot].tolist()
        is_open = bool(self.available[number, lot])
        return WayOut(
            name=WAYS[number],
            net_paise=int(self.net[number, lot]),
            components=dict(zip(COMPONENTS, values, strict=True)),
            available=is_open,
            note="" if is_open else _CLOSED[WAYS[number]],
        )


#: Why a way is closed, as a code that the faces have words for.
_CLOSED = {
    "hold": "closed_expired",
    "transfer": "closed_no_lane_pays",
    "discount": "closed_no_life_to_sell",
    "return_to_company": "closed_not_taken_back",
    "donate": "closed_no_life_for_charity",
    "destroy": "",
}


def rank(name: str, net_paise: int, available: bool) -> tuple[bool, int, bool]:
    """What the ways of a lot are put in order by, those of one rank in the order of `WAYS`."""
    return not available, -net_paise, name == WAYS[0] and net_paise < 0


def why_closed(name: str) -> str:
    """The code of why a way is closed, where it is."""
    return _CLOSED[name]


def price_ways(lots: Lots, rates: MoneyRates) -> WaysOut:
    """Net paise today of every way out of every lot.

    What sells, sells evenly over the days it has; what is left perishes or keeps its residual.
    Input tax credit is reversed for pieces destroyed or given away (CGST Act s.17(5)(h)), not for
    pieces sold below price, moved, or returned as a fresh supply (Circular 72/46/2018).
    """
    build: dict[str, Callable[[Lots, MoneyRates], _Parts]] = {
        "hold": _hold,
        "transfer": _transfer,
        "discount": _discount,
        "return_to_company": _return_to_company,
        "donate": _donate,
        "destroy": _destroy,
    }
    available = open_ways(lots, rates)
    components = np.zeros((len(WAYS), len(COMPONENTS), len(lots)), dtype=np.int64)
    there = available & (lots.quantity > 0)
    for number, name in enumerate(WAYS):
        for component, paise in build[name](lots, rates).items():
            np.multiply(paise, there[number], out=components[number, COMPONENTS.index(component)])
    return WaysOut(components, components.sum(axis=1), available)


def open_ways(lots: Lots, rates: MoneyRates) -> Flags:
    """(ways, lots), whether a way is open."""
    fit = ~lots.expired
    flags = {
        "hold": fit,
        "transfer": fit & (lots.moved_paise_per_kg >= 0) & (lots.moved_sold > 0),
        "discount": fit & (lots.days > 0),
        "return_to_company": lots.return_open & (lots.return_bp > 0) & (lots.claim_room > 0),
        "donate": fit & (lots.life_days >= rates.donate_minimum_life_days),
        "destroy": np.ones(len(lots), dtype=np.bool_),
    }
    return np.stack([flags[name] for name in WAYS])


def _hold(lots: Lots, rates: MoneyRates) -> _Parts:
    parts = _kept(lots, rates, lots.held_sold, lots.days)
    return _added(parts, _leftover(lots, rates, lots.quantity - lots.held_sold))


def _transfer(lots: Lots, rates: MoneyRates) -> _Parts:
    freight = by_weight(lots.quantity * lots.grams, np.maximum(lots.moved_paise_per_kg, 0))
    locked = interest(lots.quantity * lots.itc, rates.opportunity_rate_bp, rates.tax_lock_days)
    # nothing sells on the road: what sells waits the transit and half of the days that are left then
    parts = _kept(lots, rates, lots.moved_sold, lots.days + np.minimum(lots.moved_days, lots.days)) | {
        "transport": -freight,
        "handling": -lots.quantity * rates.handling_paise_per_piece,
        "documents": np.full(len(lots), -rates.document_paise),
        "output_tax": np.where(lots.crosses, -locked, 0),
    }
    return _added(parts, _leftover(lots, rates, lots.quantity - lots.moved_sold))


def moved_net(lots: Lots, rates: MoneyRates) -> Ints:
    """(lots,), net paise of moving each along its lane: the parts of `transfer` among the ways out."""
    return np.asarray(np.sum(list(_transfer(lots, rates).values()), axis=0, dtype=np.int64))


def unmoved_net(lots: Lots, rates: MoneyRates) -> Ints:
    """(lots,), net paise of keeping each to the end with nothing sold: what a lane must beat."""
    none = np.zeros(len(lots), dtype=np.int64)
    parts = _added(_kept(lots, rates, none, none), _leftover(lots, rates, lots.quantity))
    return np.asarray(np.sum(list(parts.values()), axis=0, dtype=np.int64))


def most_moved_gain(lots: Lots, rates: MoneyRates) -> tuple[Floats, Floats, Floats]:
    """What `moved_net` is never above `unmoved_net` by, whichever lane and however many sell.

    (lots,) paise each: a piece that sells, the fixed part of any lane, what crossing takes from it.

    Freight, which is the lane's own, is not in it. Every rounding is given away.
    """
    yearly = (rates.carrying_rate_bp + rates.opportunity_rate_bp) / (BASIS_POINTS * DAYS_PER_YEAR)
    per_kg = (rates.local_freight_paise_per_kg + rates.disposal_paise_per_kg) / GRAMS_PER_KG
    scrap = rates.handling_paise_per_piece + lots.itc + lots.grams * per_kg
    spared = np.where(lots.perishes, scrap, -lots.cost * (rates.residual_bp / BASIS_POINTS))
    piece = lots.price + lots.cost * (yearly * lots.days / 2.0) + spared
    papers = np.where(lots.perishes, 0, rates.document_paise)
    fixed = _ROUNDINGS - papers - lots.quantity * float(rates.handling_paise_per_piece)
    lock = rates.opportunity_rate_bp * rates.tax_lock_days / (BASIS_POINTS * DAYS_PER_YEAR)
    return np.maximum(piece, 0.0), fixed, np.maximum(lots.quantity * lots.itc * lock - 1.0, 0.0)


#: More paise than the roundings of a lane's parts come to together.
_ROUNDINGS = 12.0


def _discount(lots: Lots, rates: MoneyRates) -> _Parts:
    """The rung of the ladder that nets the most, the smaller discount on ties."""
    best: _Parts = {}
    most = np.full(len(lots), np.iinfo(np.int64).min)
    for rung, share in cleared_shares(rates).items():
        parts = price_rung(lots, rates, rung, offer_sold(lots, rates, rung, share))
        net = np.sum(list(parts.values()), axis=0, dtype=np.int64)
        better = net > most
        most = np.where(better, net, most)
        best = {name: np.where(better, values, best.get(name, 0)) for name, values in parts.items()}
    return best


def price_rung(lots: Lots, rates: MoneyRates, rung: int, sold: Ints) -> dict[str, Ints]:
    """Components of an offer of `rung` basis points off that sells `sold` pieces, (lots,) each."""
    parts = _kept(lots, rates, sold, np.minimum(lots.days, rates.discount_days)) | {
        "discount": -part(sold * lots.price, rung),
        "message": np.full(len(lots), -rates.message_paise),
    }
    return _added(parts, _leftover(lots, rates, lots.quantity - sold))


def _return_to_company(lots: Lots, rates: MoneyRates) -> _Parts:
    """A claim up to what the company still credits for the lot; what it refuses is destroyed.

    A GST credit note takes back that part of the input tax credit which is attributable to what it credits
    (`vyapar.law.itc.attributable`) and credits the same tax with it; a financial one does neither. Either way
    the claim is what it brings, and only what is destroyed costs credit.
    """
    success = np.where(lots.claim_success_bp < 0, rates.claim_success_bp, lots.claim_success_bp)
    days = np.where(lots.claim_days < 0, rates.claim_days, lots.claim_days)
    claim = part(np.minimum(part(lots.quantity * lots.cost, lots.return_bp), lots.claim_room), success)
    refused = _destroyed(lots, rates, lots.quantity)
    refused = {name: -part(-cost, BASIS_POINTS - success) for name, cost in refused.items()}
    parts = {
        "claim": claim,
        "opportunity": -interest(claim, rates.opportunity_rate_bp, days),
        "transport": -by_weight(lots.quantity * lots.grams, rates.local_freight_paise_per_kg),
        "handling": -lots.quantity * rates.handling_paise_per_piece,
        "documents": np.full(len(lots), -rates.document_paise),
    }
    return _added(parts, refused)


def _donate(lots: Lots, rates: MoneyRates) -> _Parts:
    parts = _destroyed(lots, rates, lots.quantity)
    del parts["disposal"]
    return parts


def _destroy(lots: Lots, rates: MoneyRates) -> _Parts:
    return _destroyed(lots, rates, lots.quantity)


def _kept(lots: Lots, rates: MoneyRates, sold: Ints, selling_days: Ints) -> _Parts:
    """Revenue of `sold` pieces, which wait half the selling days; the rest waits to the end."""
    doubled = lots.cost * sold, 2 * lots.cost * (lots.quantity - sold)

    def waiting(rate_bp: int) -> Ints:
        short = half_interest(doubled[0], rate_bp, selling_days)
        return -(short + half_interest(doubled[1], rate_bp, lots.days))

    return {
        "recovered": sold * lots.price,
        "carrying": waiting(rates.carrying_rate_bp),
        "opportunity": waiting(rates.opportunity_rate_bp),
    }


def _leftover(lots: Lots, rates: MoneyRates, left: Ints) -> _Parts:
    """What becomes of pieces that are still here at the end: destroyed, or worth their residual."""
    perished = np.where(lots.perishes, left, 0)
    residual = part((left - perished) * lots.cost, rates.residual_bp)
    return _destroyed(lots, rates, perished) | {"residual": residual}


def _destroyed(lots: Lots, rates: MoneyRates, pieces: Ints) -> _Parts:
    """Taking pieces to the destroyer, his charge, the papers, and the input tax credit lost."""
    weight = pieces * lots.grams
    return {
        "transport": -by_weight(weight, rates.local_freight_paise_per_kg),
        "handling": -pieces * rates.handling_paise_per_piece,
        "documents": np.where(pieces > 0, -rates.document_paise, 0),
        "disposal": -by_weight(weight, rates.disposal_paise_per_kg),
        "itc_reversal": -pieces * lots.itc,
    }


def _added(one: _Parts, other: _Parts) -> _Parts:
    """Component by component."""
    return {
        name: one.get(name, 0) + other.get(name, 0)  # type: ignore[misc]
        for name in COMPONENTS
        if name in one or name in other
    }
