"""SKUs that may be one: the same pack of the same thing under two codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from inventory.contracts.twins import Likely, Reason, Sign, SkuFacts
from inventory.likeness.blocks import alike_within, blocks_of
from inventory.likeness.packs import Pack, pack_of
from inventory.likeness.words import fold, words_of

#: Points from which a pair is offered; a hundred is certainty.
LEAST_SKU = 65
#: Of what two names say, so many hundredths must be the same for them to speak at all.
_NAMES_FROM, _NAMES_POINTS = 80, 55
_POINTS = {
    Sign.SAME_BRAND: 10, Sign.SAME_PACK: 20, Sign.SAME_MRP: 15, Sign.OTHER_MRP: -25, Sign.SAME_HSN: 5,
    Sign.OTHER_HSN: -20,
}  # fmt: skip
#: MRPs within a tenth are a change of price; beyond it, another thing.
_MRP_NEAR_BP = 1_000
_WORD_ALIKE = 75
_NAMES_WORTH = 70
#: What a pack is made of, and other words that no maker tells two of his things apart by.
_FLUFF = frozenset({"pack", "pkt", "packet", "pouch", "jar", "bottle", "btl", "box", "tin", "rs", "mrp", "of",
                    "the", "and", "with", "in"})  # fmt: skip
_NO_BRAND = frozenset({"", "unbranded"})


@dataclass(frozen=True, slots=True)
class _Known:
    """A SKU made ready. `words` of the name by sound, without the pack; `text`: with the brand, sorted."""

    facts: SkuFacts
    pack: Pack | None
    brand: tuple[str, ...]
    words: tuple[str, ...]
    figures: frozenset[str]
    text: str


def find_sku_twins(skus: Sequence[SkuFacts]) -> list[Likely]:
    """Pairs that are alike enough to be offered, most alike first.

    Only what comes in the same pack is compared; a SKU and its successor are never offered.
    """
    known = [_ready(one) for one in skus]
    groups = blocks_of([_keys(one) for one in known])
    pairs = alike_within(groups, [one.text for one in known], _NAMES_WORTH)
    found = [found for i, j in sorted(pairs) if (found := _compare(known[i], known[j]))]
    return sorted(found, key=lambda one: (-one.likeness, one.one, one.two))


def compare_skus(one: SkuFacts, two: SkuFacts) -> Likely | None:
    """How alike two SKUs are, or None when they are not worth a look."""
    return _compare(_ready(one), _ready(two))


def _ready(facts: SkuFacts) -> _Known:
    pack, rest = pack_of(facts.name)
    own = [fold(word) for word in words_of(facts.brand)] if facts.brand.casefold() not in _NO_BRAND else []
    words = [word for word in words_of(rest) if word not in _FLUFF]
    figures = frozenset(word.lstrip("0") for word in words if word.isdigit())
    spoken = [fold(word) for word in words if not word.isdigit()]
    return _Known(facts, pack, tuple(own), tuple(spoken), figures, " ".join(sorted({*own, *spoken})))


def _keys(one: _Known) -> list[tuple[object, ...]]:
    """By pack and the beginning of each word; without a pack, by the words alone."""
    size: object = one.pack or one.facts.weight_grams
    return [(size, word[:3]) for word in one.text.split()]


def _compare(one: _Known, two: _Known) -> Likely | None:
    a, b = one.facts, two.facts
    if not _may_be_one(one, two):
        return None
    brand = (*one.brand, *two.brand)
    names = _names(_less(one.words, brand), _less(two.words, brand))
    if names < _NAMES_FROM:
        return None
    reasons = [Reason(Sign.NAMES, names), *(Reason(sign) for sign in _signs(one, two))]
    points = _NAMES_POINTS * (names - _NAMES_FROM) / (100 - _NAMES_FROM)
    points += sum(_POINTS.get(reason.sign, 0) for reason in reasons)
    if points < LEAST_SKU:
        return None
    first, second = sorted((a.code, b.code))
    reasons.sort(key=lambda reason: -_POINTS.get(reason.sign, 30))
    return Likely(first, second, round(min(points, 100) / 100, 3), tuple(reasons))


def _may_be_one(one: _Known, two: _Known) -> bool:
    a, b = one.facts, two.facts
    if one.pack != two.pack or one.figures != two.figures:
        return False
    if b.code == a.replaced_by or a.code == b.replaced_by:
        return False
    if one.pack is None and a.weight_grams != b.weight_grams:
        return False
    return _same_brand(one, two) is not False


def _same_brand(one: _Known, two: _Known) -> bool | None:
    """Whether the brands are the same; a name that says the other's brand says its own. None: unknown."""
    if one.brand and two.brand:
        return fuzz.ratio(" ".join(one.brand), " ".join(two.brand)) >= _WORD_ALIKE
    brand, words = one.brand or two.brand, two.words if one.brand else one.words
    if not brand:
        return None
    return True if all(any(_words(part, word) >= _WORD_ALIKE for word in words) for part in brand) else None


def _less(words: Sequence[str], brand: Sequence[str]) -> Sequence[str]:
    """Words without those of the brand; a name of nothing else stays as it is."""
    left = [word for word in words if not any(fuzz.ratio(word, part) >= _WORD_ALIKE for part in brand)]
    return left or words


def _signs(one: _Known, two: _Known) -> list[Sign]:
    a, b = one.facts, two.facts
    told = []
    if _same_brand(one, two):
        told.append(Sign.SAME_BRAND)
    if one.pack is not None:
        told.append(Sign.SAME_PACK)
    if a.mrp_paise and a.mrp_paise == b.mrp_paise:
        told.append(Sign.SAME_MRP)
    elif abs(a.mrp_paise - b.mrp_paise) * 10_000 > _MRP_NEAR_BP * max(a.mrp_paise, b.mrp_paise):
        told.append(Sign.OTHER_MRP)
    if a.hsn and b.hsn:
        told.append(Sign.SAME_HSN if a.hsn[:4] == b.hsn[:4] else Sign.OTHER_HSN)
    return told


def _names(one: Sequence[str], two: Sequence[str]) -> int:
    """0 to 100: how much of what both say the other says too; a word that stands alone weighs by itself."""
    left, score, total = list(two), 0.0, 0.0
    for word in one:
        best = max(left, key=lambda other: _words(word, other), default="")
        alike = _words(word, best) if best else 0.0
        total += 1
        if alike >= _WORD_ALIKE:
            left.remove(best)
            score += alike
    total += len(left)
    return round(score / total) if total else 0


def _words(one: str, two: str) -> float:
    """Likeness of two words; the beginning of a long one stands for it: `choc` for `chocolate`."""
    short, long = sorted((one, two), key=len)
    if len(long) <= 3:
        return 100.0 if one == two else 0.0
    if len(short) >= 3 and long.startswith(short):
        return 95.0 if short != long else 100.0
    return max(float(fuzz.ratio(one, two)), 100 * OSA.normalized_similarity(one, two))
