"""Outlets that may be one: by phone, GSTIN, name, pincode and address, weighed as a salesman would."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from inventory.contracts.twins import Likely, OutletFacts, Reason, Sign
from inventory.likeness.blocks import alike_within, blocks_of, pairs_within
from inventory.likeness.words import ShopName, fold, words_of

#: Points from which a pair is offered; a hundred is certainty.
LEAST_OUTLET = 55
#: Names less alike than this (of 100) speak for nothing.
_NAMES_FROM, _NAMES_POINTS = 70, 50
#: Names are looked at within a pincode from this likeness on.
_NAMES_WORTH = 60
#: From this likeness of their own words on, the whole name may speak.
_WHOLE_FROM = 75
#: Without one of these a pair is not offered, whatever else is the same: an owner may have several shops.
_NEEDED = frozenset({Sign.NAMES, Sign.ADDRESSES, Sign.SAME_GSTIN})
_POINTS = {
    Sign.SAME_GSTIN: 45, Sign.SAME_PHONE: 40, Sign.SAME_PINCODE: 15, Sign.OTHER_PHONE: -20,
    Sign.OTHER_PINCODE: -15, Sign.OTHER_TRADE: -30,
}  # fmt: skip
#: Addresses from and below which they speak, and the points they give.
_ADDRESS_ALIKE, _ADDRESS_OTHER, _ADDRESS_POINTS = 82, 60, (15, -15)
_STREET = {"rd": "road", "st": "street", "opp": "opposite", "nr": "near", "mkt": "market", "ngr": "nagar",
           "bldg": "building", "flr": "floor", "stn": "station"}  # fmt: skip
_DIGITS = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class _Known:
    """An outlet made ready: once for each, however many it is compared with."""

    facts: OutletFacts
    name: ShopName
    phone: str
    street: str
    door: frozenset[str]


def find_outlet_twins(outlets: Sequence[OutletFacts]) -> list[Likely]:
    """Pairs that are alike enough to be offered, most alike first.

    Pairs of different GSTINs or different territories never are. Time grows with the outlets of one
    pincode, not with the square of all.
    """
    known = [_ready(one) for one in outlets]
    found = [found for i, j in sorted(_candidates(known)) if (found := _compare(known[i], known[j]))]
    return sorted(found, key=lambda one: (-one.likeness, one.one, one.two))


def compare_outlets(one: OutletFacts, two: OutletFacts) -> Likely | None:
    """How alike two outlets are, or None when they are not worth a look."""
    return _compare(_ready(one), _ready(two))


def _ready(facts: OutletFacts) -> _Known:
    words = [_STREET.get(word, word) for word in words_of(facts.address)]
    door = frozenset(word.lstrip("0") for word in words if word.isdigit() and word != facts.pincode)
    street = " ".join(fold(word) for word in words if not word.isdigit())
    return _Known(facts, ShopName(facts.name), _DIGITS.sub("", facts.phone)[-10:], street, door)


def _candidates(known: Sequence[_Known]) -> set[tuple[int, int]]:
    certain = blocks_of([
        [("phone", one.phone)] * bool(one.phone) + [("gstin", one.facts.gstin)] * bool(one.facts.gstin)
        for one in known
    ])  # fmt: skip
    near = blocks_of([[("pin", one.facts.pincode)] * bool(one.facts.pincode) for one in known])
    # Of those without a pincode, and of those whose pincode is wrong, the name must do: by the beginning
    # of each of its words.
    lost = [not one.facts.pincode for one in known]
    spelt = blocks_of([
        [(one.facts.territory, word[:4]) for word in one.name.core.split()] for one in known
    ])  # fmt: skip
    spelt = [group for group in spelt if any(lost[number] for number in group)]
    same = blocks_of([[(one.facts.territory, one.name.core, one.street)] for one in known])
    texts = [one.name.core for one in known]
    found = pairs_within(certain) | alike_within(near, texts, _NAMES_WORTH)
    found |= {(i, j) for i, j in alike_within(spelt, texts, 85) if lost[i] or lost[j]}
    return found | pairs_within(group for group in same if len(group) <= 20)


def _compare(one: _Known, two: _Known) -> Likely | None:
    a, b = one.facts, two.facts
    if (a.gstin and b.gstin and a.gstin != b.gstin) or (
        a.territory and b.territory and a.territory != b.territory
    ):
        return None
    names = _names(one.name, two.name)
    reasons = [Reason(Sign.NAMES, names)] if names >= _NAMES_FROM else []
    points = _NAMES_POINTS * max(names - _NAMES_FROM, 0) / (100 - _NAMES_FROM)
    for sign in _signs(one, two):
        reasons.append(Reason(sign))
        points += _POINTS[sign]
    if one.street and two.street:
        alike = _addresses(one, two)
        if alike >= _ADDRESS_ALIKE:
            reasons.append(Reason(Sign.ADDRESSES, alike))
            points += _ADDRESS_POINTS[0]
        elif alike < _ADDRESS_OTHER:
            points += _ADDRESS_POINTS[1]
    told = {reason.sign for reason in reasons}
    if points < LEAST_OUTLET or not told & _NEEDED:
        return None
    first, second = sorted((a.code, b.code))
    certain = {Sign.SAME_GSTIN, Sign.SAME_PHONE, Sign.NAMES} <= told and Sign.OTHER_PINCODE not in told
    reasons.sort(key=lambda reason: -_POINTS.get(reason.sign, 20))
    return Likely(first, second, round(min(points, 100) / 100, 3), tuple(reasons), certain)


def _signs(one: _Known, two: _Known) -> list[Sign]:
    a, b = one.facts, two.facts
    told = []
    if a.gstin and a.gstin == b.gstin:
        told.append(Sign.SAME_GSTIN)
    if one.phone and two.phone:
        told.append(Sign.SAME_PHONE if one.phone == two.phone else Sign.OTHER_PHONE)
    if a.pincode and b.pincode:
        told.append(Sign.SAME_PINCODE if a.pincode == b.pincode else Sign.OTHER_PINCODE)
    if one.name.trades and two.name.trades and not one.name.trades & two.name.trades:
        told.append(Sign.OTHER_TRADE)
    return told


def _names(one: ShopName, two: ShopName) -> int:
    """0 to 100: mostly their own words by sound, a little the whole; other figures are other shops."""
    core = max(
        fuzz.ratio(one.core, two.core), fuzz.ratio(one.said, two.said),
        fuzz.ratio(_closed(one.said), _closed(two.said)),
    )  # fmt: skip
    whole = fuzz.ratio(one.whole, two.whole)
    alike = 0.85 * core + 0.15 * whole
    if core >= _WHOLE_FROM:  # a slip in a word of the trade leaves it among their own
        alike = max(alike, whole - 2)
    if one.figures != two.figures and (one.figures and two.figures):
        alike = min(alike, _NAMES_FROM - 1)
    return round(alike)


def _closed(words: str) -> str:
    """Without spaces: `jai hind` is `jaihind`."""
    return words.replace(" ", "")


def _addresses(one: _Known, two: _Known) -> int:
    """0 to 100; another door number is another shop, however alike the street."""
    alike = fuzz.token_set_ratio(one.street, two.street)
    if one.door and two.door and not one.door & two.door:
        alike = min(alike, _ADDRESS_OTHER - 1)
    return round(alike)
