"""Indian names as they sound: one spelling for what is written in several, trades apart from names."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Spellings of one sound, in the order in which they are tried. Vowels are told apart by their sort only:
#: long and short are the same, and so are a final y and i.
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"ksh|x", "ks"), (r"ch+h", "c"), (r"ch", "c"), (r"sh", "s"), (r"ph", "f"), (r"([tdbgjkl])h", r"\1"),
        (r"[ckq]k|q", "k"), (r"oo|ou|ow", "u"), (r"au", "u"), (r"w", "v"), (r"z", "j"), (r"e[ey]|ie|y", "i"),
        (r"a+i|ei", "e"), (r"(.)\1+", r"\1"), (r"(?<=[^aeiou])a$", ""), (r"m(?=[bp])", "n"),
    )
)  # fmt: skip
_SPELT = 4
_APART = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
#: Words that say nothing of whose shop it is.
_EMPTY = frozenset({"and", "the", "ms", "m", "s", "mr", "smt", "co", "company", "pvt", "private", "ltd",
                    "limited", "no", "number", "shop"})  # fmt: skip
_HONOURS = frozenset({"sri", "shri", "shree", "sree", "shre", "shrii"})
#: What a shop deals in, by the words for it. Those of `any` say only that it is a shop.
_TRADES: dict[str, str] = {
    **dict.fromkeys(
        ("kirana", "kiryana", "kirane", "general", "gen", "genl", "provision", "provisions", "prov",
         "grocery", "groceries", "grocers", "anaj", "ration", "departmental", "dept", "super", "supermarket",
         "bazar", "bazaar", "maligai"), "grocery"),
    **dict.fromkeys(("medical", "medicals", "medicos", "pharmacy", "chemist", "chemists"), "medicine"),
    **dict.fromkeys(("bakery", "bakers", "sweets", "sweet", "mithai"), "bakery"),
    **dict.fromkeys(("dairy", "milk"), "dairy"),
    **dict.fromkeys(("hardware", "electricals", "electronics", "mobile"), "hardware"),
    **dict.fromkeys(("hotel", "restaurant", "cafe", "canteen"), "kitchen"),
    **dict.fromkeys(("stationery", "stationers", "books"), "paper"),
    **dict.fromkeys(
        ("store", "stores", "str", "strs", "traders", "trader", "trading", "trdrs", "enterprise",
         "enterprises", "ent", "agency", "agencies", "mart", "bhandar", "bhander", "centre", "center",
         "corner", "depot", "dukan", "brothers", "bros", "sons", "son"), "any"),
}  # fmt: skip


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """One lower-case word by its sound: `lakshmi` and `laxmi`, `choudhary` and `chowdhuri` are the same.

    What is shorter than a syllable and a half is spelt as it is: `aa` is not `aaa`.
    """
    if len(word) < _SPELT:
        return word
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


def words_of(text: str) -> list[str]:
    """Lower-case words of a text without marks; letters and figures apart."""
    plain = unicodedata.normalize("NFKD", text.casefold()).replace("&", " and ").replace("m/s", " ")
    plain = "".join(" " if not _belongs(one) else one for one in plain if not _is_accent(one))
    return _APART.sub(" ", plain).split()


def _belongs(one: str) -> bool:
    return one.isalnum() or unicodedata.category(one) in ("Mn", "Mc")


def _is_accent(one: str) -> bool:
    """An accent over a Latin letter; the vowel signs of Indian scripts are letters."""
    return "\u0300" <= one <= "\u036f"


class ShopName:
    """A shop's name taken apart, by sound.

    `core`: its own words, sorted, and `said`, in their order; `whole`: all of them; `figures`: its
    numbers; `trades`: what it deals in.
    """

    __slots__ = ("core", "figures", "said", "trades", "whole")

    def __init__(self, name: str) -> None:
        words = [word for word in words_of(name) if word not in _EMPTY]
        self.figures = frozenset(word.lstrip("0") for word in words if word.isdigit())
        words = [word for word in words if not word.isdigit()]
        kinds = [_TRADES.get(word) for word in words]
        self.trades = frozenset(kind for kind in kinds if kind and kind != "any")
        own = [word for word, kind in zip(words, kinds, strict=True) if not kind and word not in _HONOURS]
        if not own:  # a name of nothing but trade: all of it counts
            own = [word for word in words if word not in _HONOURS] or words
        self.said = " ".join(fold(word) for word in own)
        self.core = " ".join(sorted(self.said.split()))
        self.whole = " ".join(sorted(fold("shri" if word in _HONOURS else word) for word in words))
