"""What a canonical field is: its names, its form, its limits, and the sentence that says what to write."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vyapar.kernel.phrases import phrase as _


class Form(StrEnum):
    """How a value is written; each has one reader."""

    TEXT = "text"
    CODE = "code"  # text that names something
    MONEY = "money"  # rupees; becomes `<name>_paise`
    QUANTITY = "quantity"  # base units, or units and packs in words
    WHOLE = "whole"
    DECIMAL = "decimal"  # degrees
    DAY = "day"
    LAST_DAY = "last_day"  # a month alone means its last day
    INSTANT = "instant"
    END_OF_DAY = "end_of_day"  # an instant; a day alone means its end
    FLAG = "flag"
    CHOICE = "choice"
    GSTIN = "gstin"
    HSN = "hsn"
    UNIT = "unit"
    PINCODE = "pincode"
    PHONE = "phone"
    EMAIL = "email"
    LANGUAGE = "language"
    CHANNELS = "channels"
    TRADE_CHANNEL = "trade_channel"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One column of a kind of record.

    `name` is canonical, `api` the name at the API. `says` completes "write …". `most` is the longest
    text, in characters, or the largest number; `least` the smallest number. `synonyms` are what
    systems call it, in lower case. What a `MONEY` field holds is per unit of the row unless `whole_row`.
    """

    name: str
    api: str
    form: Form
    required: bool = False
    says: str = ""
    synonyms: tuple[str, ...] = ()
    most: int = 0
    least: int | None = None
    choices: tuple[str, ...] = ()
    whole_row: bool = False
    output: str = ""  # name of the column it becomes, where that differs

    @property
    def column(self) -> str:
        """Name of the column that `read` makes of it."""
        if self.output:
            return self.output
        return f"{self.name}_paise" if self.form is Form.MONEY else self.name


def camel(name: str) -> str:
    """`unit_price` as `unitPrice`."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


MAX_QUANTITY = 100_000  # pieces in one line of a sale
MAX_PIECES = 1_000_000_000  # pieces at one place
MAX_PRICE_PAISE = 1_00_00_000_00
MAX_AMOUNT_PAISE = 10_000_00_00_000_00  # ten thousand crore


def field(name: str, form: Form = Form.TEXT, says: str = "", *synonyms: str, **more: object) -> FieldSpec:
    """A field whose API name follows from its own, with the usual limits of its form."""
    values: dict[str, object] = {"most": _MOST.get(form, 0), **more}
    says = says or _SAYS.get(form, _("text"))
    return FieldSpec(name, str(values.pop("api", camel(name))), form, says=says, synonyms=synonyms, **values)  # type: ignore[arg-type]


_MOST = {
    Form.TEXT: 200,
    Form.CODE: 60,
    Form.MONEY: MAX_PRICE_PAISE,
    Form.QUANTITY: MAX_PIECES,
    Form.WHOLE: 2_000_000_000,
    Form.EMAIL: 200,
    Form.JSON: 4_000,
}
_SAYS = {
    Form.MONEY: _('rupees with at most two decimals, e.g. "1,234.50"'),
    Form.QUANTITY: _("whole pieces, or units and packs, e.g. 27 or 2 CASE 3 PCS"),
    Form.DAY: _("a day, e.g. 01-04-2026 or 2026-04-01"),
    Form.LAST_DAY: _("a day or a month, e.g. 01-04-2026 or 04/2026"),
    Form.INSTANT: _("a day and its time, e.g. 2026-11-23T10:15:00+05:30 or 23-11-2026 10:15"),
    Form.END_OF_DAY: _("an instant or a day, e.g. 2026-11-23T20:00:00+05:30 or 23-11-2026"),
    Form.GSTIN: _("a GSTIN of 15 characters, e.g. 27AABCU9603R1ZN"),
    Form.HSN: _("an HSN code of 4, 6 or 8 digits"),
    Form.UNIT: _("a GST unit such as PCS or KGS, or CASE"),
    Form.PINCODE: _("six digits, e.g. 411001"),
    Form.FLAG: _("yes or no"),
    Form.PHONE: _("ten digits, with or without +91"),
    Form.EMAIL: _("an e-mail address"),
    Form.LANGUAGE: _("a language, e.g. hi or Hindi"),
    Form.CHANNELS: _("whatsapp, sms, email: preferred first"),
    Form.TRADE_CHANNEL: _("general trade, modern trade, e-commerce, quick commerce or institution"),
    Form.JSON: _("a JSON object"),
}
