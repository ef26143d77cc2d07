"""Amounts in words, as Indian papers spell them. Pure."""

from __future__ import annotations

from vyapar.kernel.money import PAISE_PER_RUPEE

# fmt: off
_SMALL = (
    "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven",
    "Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen",
)
_TENS = ("", "", "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety")
# fmt: on
_SCALES = ((10_000_000, "Crore"), (100_000, "Lakh"), (1_000, "Thousand"), (100, "Hundred"))


def rupees_in_words(paise: int) -> str:
    """`Rupees Forty Nine Thousand Three Hundred Fifty Only`, with paise where there are any."""
    sign, paise = ("Minus ", -paise) if paise < 0 else ("", paise)
    whole, rest = divmod(paise, PAISE_PER_RUPEE)
    tail = f" and {in_words(rest)} Paise" if rest else ""
    return f"{sign}Rupees {in_words(whole)}{tail} Only"


def in_words(number: int) -> str:
    """A whole number from zero in the Indian scale of lakh and crore."""
    if number < len(_SMALL):
        return _SMALL[number]
    if number < 100:
        tens, units = divmod(number, 10)
        return _TENS[tens] + (f" {_SMALL[units]}" if units else "")
    for size, name in _SCALES:
        if number >= size:
            count, rest = divmod(number, size)
            return f"{in_words(count)} {name}" + (f" {in_words(rest)}" if rest else "")
    raise AssertionError("a scale fits every number from 100")
