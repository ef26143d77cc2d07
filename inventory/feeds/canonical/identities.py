"""Numbers and names that identify: GSTIN, HSN, pincode, telephone, mail, language, channels, yes and no."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import polars as pl

from vyapar.kernel.errors import Invalid
from vyapar.kernel.gstin import parse
from vyapar.kernel.phone import phone_of as phone_of
from vyapar.law.rates import is_hsn
from vyapar.law.store import table

_NO_GSTIN = frozenset({"URP", "UNREGISTERED", "UNREG", "UR", "CONSUMER", "NOT REGISTERED", "URD"})
_LANGUAGES = {
    "en": ("english",), "hi": ("hindi", "हिन्दी", "हिंदी"), "mr": ("marathi", "मराठी"), "gu": ("gujarati",),
    "bn": ("bengali", "bangla"), "ta": ("tamil", "தமிழ்"), "te": ("telugu",), "kn": ("kannada",),
    "ml": ("malayalam",), "pa": ("punjabi",), "or": ("odia", "oriya"), "as": ("assamese",), "ur": ("urdu",),
    "sa": ("sanskrit",), "kok": ("konkani",), "ne": ("nepali",),
}  # fmt: skip
_CHANNELS = {
    "whatsapp": "whatsapp", "wa": "whatsapp", "sms": "sms", "text": "sms", "email": "email",
    "e-mail": "email", "mail": "email",
}  # fmt: skip
_TRADE_CHANNELS = {
    "general_trade": ("gt", "general", "traditional trade", "kirana", "grocery", "grocer", "retail",
                      "retailer", "wholesale", "wholesaler", "chemist", "medical store", "pan shop",
                      "provision store"),
    "modern_trade": ("mt", "modern", "supermarket", "hypermarket", "chain store", "organised trade",
                     "organized trade", "key account"),
    "e_commerce": ("ecom", "ecomm", "online", "marketplace", "online marketplace"),
    "quick_commerce": ("qcom", "q commerce", "qcommerce", "quick com", "dark store"),
    "institution": ("institutional", "institutions", "institutional sales", "horeca", "hotel", "canteen",
                    "csd", "hospital", "school", "caterer", "b2b institution"),
}  # fmt: skip
_YES = frozenset({"yes", "y", "true", "t", "1", "cancelled", "canceled", "2"})
_NO = frozenset({"no", "n", "false", "f", "0", ""})
_MAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]{2,}")


def each(text: pl.Series, read: Callable[[str], str | None]) -> pl.Series:
    """`read` of every different text, once."""
    known = text.drop_nulls().unique().to_list()
    return text.replace_strict(known, [read(value) for value in known], default=None, return_dtype=pl.String)


def gstin_of(text: str) -> str | None:
    """A GSTIN in its own writing; empty for words that say there is none; None when it is wrong."""
    value = re.sub(r"[\s-]", "", text).upper()
    if text.strip().upper() in _NO_GSTIN:
        return ""
    try:
        return parse(value).value
    except Invalid:
        return None


def gstin_fault(text: str) -> tuple[str, str]:
    """Code and sentence of what is wrong with a GSTIN."""
    try:
        parse(re.sub(r"[\s-]", "", text))
    except Invalid as error:
        return error.faults[0].code, error.faults[0].message
    return "", ""


def hsn_of(text: str) -> str | None:
    """Digits of an HSN code; a zero that a spreadsheet ate comes back. None when it has another form."""
    value = re.sub(r"[\s.]", "", text)
    if value.isdecimal() and len(value) in (3, 5, 7):
        value = value.zfill(len(value) + 1)
    return value if value.isascii() and is_hsn(value) else None


@cache
def _prefixes() -> frozenset[str]:
    return frozenset(p for row in table("hsn_rates") for p in row["hsn_prefixes"].split(";"))


@cache
def is_rated(hsn: str) -> bool:
    """Whether the table of rates has goods under this code."""
    return any(hsn.startswith(prefix) or prefix.startswith(hsn) for prefix in _prefixes())


def pincode_of(text: str) -> str | None:
    value = re.sub(r"[\s-]", "", text)
    return value if re.fullmatch(r"[1-9][0-9]{5}", value) else None


def email_of(text: str) -> str | None:
    value = text.strip().lower()
    return value if _MAIL.fullmatch(value) else None


@cache
def _languages() -> dict[str, str]:
    return {name: code for code, names in _LANGUAGES.items() for name in (code, *names)}


def language_of(text: str) -> str | None:
    name = text.strip().casefold()
    return _languages().get(name) or _languages().get(re.split(r"[-_]", name)[0])


def channels_of(text: str) -> str | None:
    """Channels as a JSON list, preferred first; None when one is not known."""
    names = [part.strip(" \"'[]").lower() for part in re.split(r"[,;|/]", text)]
    known = [_CHANNELS.get(name) for name in names if name]
    if None in known:
        return None
    return "[" + ",".join(f'"{name}"' for name in dict.fromkeys(known)) + "]"


@cache
def _trade_channels() -> dict[str, str]:
    return {
        _letters(name): channel for channel, names in _TRADE_CHANNELS.items() for name in (channel, *names)
    }


def trade_channel_of(text: str) -> str | None:
    """A trade channel by any name the trade has for it, however it is spelt; None when it is not known."""
    return _trade_channels().get(_letters(text))


def _letters(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def flags_of(column: pl.Series, text: pl.Series) -> pl.Series:
    """Yes and no; null where it is neither."""
    if column.dtype == pl.Boolean:
        return column
    word = text.str.to_lowercase()
    yes, no = word.is_in(_YES), word.is_in(_NO)
    return pl.select(pl.when(yes).then(True).when(no).then(False)).to_series()
