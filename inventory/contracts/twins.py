"""Outlets and SKUs that may be one: what is compared, what speaks for it, and the events of deciding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from inventory.contracts.feeds import RecordKind

#: What can have twins.
KINDS = (RecordKind.RETAILERS, RecordKind.SKUS)


class Sign(StrEnum):
    """What speaks for two being one, or against it; some have a value from 0 to 100."""

    SAME_GSTIN = "same_gstin"
    SAME_PHONE = "same_phone"
    NAMES = "names_alike"
    SAME_PINCODE = "same_pincode"
    ADDRESSES = "addresses_alike"
    OTHER_PHONE = "other_phone"
    OTHER_PINCODE = "other_pincode"
    OTHER_TRADE = "other_trade"
    SAME_BRAND = "same_brand"
    SAME_PACK = "same_pack"
    SAME_MRP = "same_mrp"
    OTHER_MRP = "other_mrp"
    SAME_HSN = "same_hsn"
    OTHER_HSN = "other_hsn"


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence, for people to judge. `value`: 0 to 100 where a sign has degrees."""

    sign: Sign
    value: int | None = None


@dataclass(frozen=True, slots=True)
class OutletFacts:
    """An outlet as it is compared; empty text is what nobody told."""

    code: str
    name: str
    territory: str = ""
    phone: str = ""
    gstin: str = ""
    pincode: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class SkuFacts:
    """A SKU as it is compared. Paise a piece; 0 grams or cubic centimetres are not known."""

    code: str
    name: str
    brand: str = ""
    hsn: str = ""
    uqc: str = "PCS"
    mrp_paise: int = 0
    weight_grams: int = 0
    volume_cc: int = 0
    replaced_by: str = ""


@dataclass(frozen=True, slots=True)
class Likely:
    """Two codes that may be one, the lower first. `likeness`: 0 to 1; `certain`: may go in bulk."""

    one: str
    two: str
    likeness: float
    reasons: tuple[Reason, ...]
    certain: bool = False


@dataclass(frozen=True, slots=True)
class TwinsMerged:
    """Two outlets or SKUs are one from now on: `other` is another name of `kept`."""

    name: ClassVar[str] = "TwinsMerged"
    version: ClassVar[int] = 1

    kind: str
    kept: str
    other: str
    likeness: float = 0.0
    moved: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TwinsTakenApart:
    """A merge is undone: both names mean what they meant before."""

    name: ClassVar[str] = "TwinsTakenApart"
    version: ClassVar[int] = 1

    kind: str
    kept: str
    other: str
    restored: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TwinsKeptApart:
    """A person said that two are two; they are never offered again."""

    name: ClassVar[str] = "TwinsKeptApart"
    version: ClassVar[int] = 1

    kind: str
    one: str
    other: str
