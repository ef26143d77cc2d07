"""Where the header of a table stands: rows are scored by how much they look like one. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Cells = Sequence[str | None]

_NUMBER = re.compile(r"[-+(₹$]?\s*(rs\.?\s*)?[\d,.\s]*\d[\d,.\s]*[)%-]?( ?(cr|dr)\.?)?", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-/. ]([a-z]{3,9}|\d{1,2})[-/. ]\d{2,4}.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table: its names, the row they end in and the row they begin in (from 0)."""

    names: tuple[str | None, ...]
    row: int
    first: int


def find_header(
    rows: Sequence[Cells], known: Callable[[str], bool], stated: int | None = None
) -> Header | None:
    """The likeliest header among the first rows of a table; None when no row looks like one.

    `known` tells whether a text is a column name that some profile knows; it weighs most. A header is
    text, has no value twice, is as wide as what follows, and numbers or dates stand under it. `stated`
    is the header's row from 1, when a person said so. A row above that groups columns (merged cells:
    "Closing Balance" over "Quantity" and "Value") is joined to it.
    """
    if stated is not None:
        place = stated - 1
        return _composed(rows, place, known) if 0 <= place < len(rows) else None
    scored = [(score(row, rows[place + 1 : place + 6], known), -place) for place, row in enumerate(rows)]
    best = max(scored, default=(0.0, 0))
    return _composed(rows, -best[1], known) if best[0] > 0 else None


def score(row: Cells, below: Sequence[Cells], known: Callable[[str], bool]) -> float:
    """How much a row looks like a header over the rows below it; 0 or less: not at all."""
    texts = [cell.strip() for cell in row if cell and cell.strip()]
    if not texts or any(len(text) > 120 for text in texts):
        return 0.0
    numbers = sum(bool(is_value(text)) for text in texts)
    recognised = sum(known(text) for text in texts)
    if numbers > len(texts) / 3 and not recognised:
        return 0.0
    points = (
        6.0 * recognised + len(texts) - 4.0 * numbers - 3.0 * (len(texts) - len({*map(str.casefold, texts)}))
    )
    filled = [[bool(cell and cell.strip()) for cell in one] for one in below if any(one)]
    if filled:
        widest = max(map(sum, filled))
        points -= 2.0 * max(widest - len(texts), 0)
    under = sum(
        1
        for place, cell in enumerate(row)
        if cell
        and not is_value(cell)
        and any(is_value(one[place] or "") for one in below if place < len(one))
    )
    return points + 2.0 * under if len(texts) > 1 or recognised else 0.0


def is_value(text: str) -> bool:
    """Is it a number or a date, as opposed to a word?"""
    text = text.strip()
    return bool(_NUMBER.fullmatch(text) or _DATE.fullmatch(text))


def _composed(rows: Sequence[Cells], place: int, known: Callable[[str], bool]) -> Header:
    """The header at `place`, with the row of groups above it where there is one."""
    names = [cell.strip() if cell and cell.strip() else None for cell in rows[place]]
    above = rows[place - 1] if place else ()
    groups = [cell.strip() if cell and cell.strip() else None for cell in above]
    groups += [None] * (len(names) - len(groups))
    texts = [name.casefold() for name in names if name]
    repeated = len(texts) - len({*texts})
    lent = [group for group, name in zip(groups, names, strict=False) if group and not name]
    two_storeys = sum(1 for group in groups if group) > 1 or bool(lent)
    if not place or not two_storeys or not (repeated or any(known(one) for one in lent)):
        return Header(tuple(names), place, place)
    joined: list[str | None] = []
    group: str | None = None
    for over, name in zip(groups, names, strict=False):
        group = over if over else (group if name else None)
        joined.append(" ".join(dict.fromkeys(part for part in (group, name) if part)) or None)
    return Header(tuple(joined), place, place - 1)
