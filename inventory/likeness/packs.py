"""The size of a pack as a name says it: `6x50ml` is six of fifty, which is not three hundred."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

#: Spellings of a unit: what it measures, and thousandths of a gram, a millilitre or a piece in one.
_UNITS = {
    **dict.fromkeys(("mg",), ("g", 1)),
    **dict.fromkeys(("g", "gm", "gms", "gr", "grm", "grms", "gram", "grams"), ("g", 1_000)),
    **dict.fromkeys(("kg", "kgs", "kilo", "kilos"), ("g", 1_000_000)),
    **dict.fromkeys(("ml", "mls", "m l"), ("ml", 1_000)),
    **dict.fromkeys(("l", "lt", "ltr", "ltrs", "litre", "litres", "liter", "liters"), ("ml", 1_000_000)),
    **dict.fromkeys(
        ("pc", "pcs", "piece", "pieces", "nos", "n", "s", "tab", "tabs", "tablets", "sheets", "pulls", "u"),
        ("pcs", 1_000),
    ),
}
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_UNIT = "(" + "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True)) + r")(?![a-z])"
_TIMES = r"\s*[x×*]\s*"
_COUNT_FIRST = re.compile(rf"(?<![\d.]){_NUMBER}{_TIMES}{_NUMBER}\s*'?{_UNIT}")
_COUNT_LAST = re.compile(rf"(?<![\d.]){_NUMBER}\s*'?{_UNIT}{_TIMES}(\d+)(?![\d.])(?:\s*(?:pcs|nos|n)\b)?")
_SIZE = re.compile(rf"(?<![\d.]){_NUMBER}\s*'?{_UNIT}")
_PACK_OF = re.compile(r"\(?\s*(?:pack|set|box|pkt)\s+of\s+(\d+)\s*\)?")


@dataclass(frozen=True, slots=True)
class Pack:
    """`count` times `amount` thousandths of a `unit`: g, ml or pcs."""

    unit: str
    amount: int
    count: int = 1


def pack_of(name: str) -> tuple[Pack | None, str]:
    """The pack that a name speaks of, and the name without it; None when it says none or too many."""
    text = name.casefold()
    count, text = _take_count(text)
    for pattern, order in ((_COUNT_FIRST, (2, 3, 1)), (_COUNT_LAST, (1, 2, 3))):
        if found := pattern.search(text):
            amount, unit, times = (found.group(n) for n in order)
            pack = _pack(amount, unit, count * int(Fraction(times.replace(",", "."))))
            return pack, text[: found.start()] + " " + text[found.end() :]
    sizes = list(_SIZE.finditer(text))
    if not sizes:
        return (Pack("pcs", 1_000, count) if count > 1 else None), text
    rest = _SIZE.sub(" ", text)
    packs = [_pack(found.group(1), found.group(2), count) for found in sizes]
    measures = {pack for pack in packs if pack.unit != "pcs"}
    if len(packs) == 1:
        return packs[0], rest
    if len(packs) == 2 and len(measures) == 1:  # 6 pcs of 50 ml each
        pieces = next((pack for pack in packs if pack.unit == "pcs"), None)
        if pieces is not None:
            one = measures.pop()
            return Pack(one.unit, one.amount, pieces.amount // 1_000 * pieces.count), rest
    return None, text


def _take_count(text: str) -> tuple[int, str]:
    found = _PACK_OF.search(text)
    return (int(found.group(1)), text[: found.start()] + " " + text[found.end() :]) if found else (1, text)


def _pack(amount: str, unit: str, count: int) -> Pack:
    what, thousandths = _UNITS[unit]
    return Pack(what, int(Fraction(amount.replace(",", ".")) * thousandths), count)
