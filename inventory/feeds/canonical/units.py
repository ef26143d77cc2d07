"""Units of quantity: GST's own, the names systems have for them, and how many pieces stand behind each."""

from __future__ import annotations

from functools import cache

import polars as pl

from vyapar.law.codes import is_unit

#: Names systems use -> GST unit, or `CASE`: as many pieces as the SKU's own case.
_SYNONYMS = {
    "PCS": ("PC", "PCE", "PIECE", "PIECES", "PCS.", "EA", "EACH", "ST", "STK", "PKT", "PKTS", "PACKET",
            "POUCH", "PCH", "JAR", "TIN", "SACHET", "STRIP", "NO", "NO.", "NOS.", "NUMBER", "NUMBERS",
            "UNIT", "UNITS", "U", "UNT.", "CONT", "BAR", "BARS"),
    "CASE": ("CASE", "CASES", "CS", "CSE", "CAS", "CAR", "CARTON", "CARTONS", "CRT", "CRATE", "CTN.", "CTNS",
             "BOX.", "BOXES", "BX", "BXS", "OUTER", "OUTERS", "PETI", "CFC", "CB", "CV"),
    "BTL": ("BOT", "BOTTLE", "BOTTLES", "BT"),
    "PAC": ("PACK", "PACKS", "PK", "PAK", "COMBI", "COMBO"),
    "BAG": ("BAGS", "BORI", "KATTA"),
    "DOZ": ("DZ", "DZN", "DOZEN", "DOZENS"),
    "GRS": ("GROSS", "GRO"),
    "PRS": ("PAIR", "PAIRS", "PR"),
    "KGS": ("KG", "KG.", "KGS.", "KILO", "KILOS", "KILOGRAM", "KILOGRAMS"),
    "GMS": ("G", "GM", "GM.", "GRM", "GRAM", "GRAMS", "GMS."),
    "LTR": ("L", "LT", "LTR.", "LTRS", "LITRE", "LITRES", "LITER", "LITERS"),
    "MLT": ("ML", "MLS", "ML."),
    "MTS": ("MT", "TO", "TONNE"),
    "MTR": ("M", "MTRS", "METER", "METRE"),
    "SET": ("SETS",),
    "ROL": ("ROLL", "ROLLS"),
    "CAN": ("CANS",),
    "TUB": ("TUBE", "TUBES"),
    "BDL": ("BUNDLE", "BUNDLES", "BDLS"),
}  # fmt: skip
#: Boxes and cartons are cases, unless they are the unit in which the SKU itself is counted.
CASES = frozenset({"BOX", "CTN", "CASE", "DRM"})
_COUNTS = {"PRS": 2, "DOZ": 12, "GRS": 144, "GGK": 1_728, "TGM": 1_440, "THD": 1_000}
#: What is weighed or measured: dimension, and how many of its smallest part one of it holds.
_MEASURES = {
    "GMS": ("weight", 1), "KGS": ("weight", 1_000), "QTL": ("weight", 100_000), "MTS": ("weight", 1_000_000),
    "TON": ("weight", 1_000_000), "MLT": ("volume", 1), "CCM": ("volume", 1), "LTR": ("volume", 1_000),
    "KLR": ("volume", 1_000_000), "CBM": ("volume", 1_000_000), "CMS": ("length", 1), "MTR": ("length", 100),
    "KME": ("length", 100_000),
}  # fmt: skip
CASE, PIECE, UNKNOWN = "CASE", "PCS", "?"


@cache
def _names() -> dict[str, str]:
    return {name: unit for unit, names in _SYNONYMS.items() for name in names}


def unit_named(text: str) -> str:
    """The GST unit, or `CASE`, that a system's name for it means; `?` when nobody knows."""
    name = text.strip().upper()
    if is_unit(name):
        return name
    known = _names().get(name) or _names().get(name.rstrip(".")) or ""
    return known or (name.rstrip(".") if is_unit(name.rstrip(".")) else UNKNOWN)


def units_of(text: pl.Series) -> pl.Series:
    """Units of a column of names; null where there is none, `?` where nobody knows it."""
    known = text.drop_nulls().unique().to_list()
    return text.replace_strict(
        known, [unit_named(name) for name in known], default=None, return_dtype=pl.String
    )


def size(unit: str, own: str, case_pack: int | None) -> tuple[int, int] | None:
    """Base units of a SKU in one `unit`, as a fraction; None when that cannot be said.

    `own` is the unit the SKU is counted in, empty when not known; `case_pack` None when not known.
    """
    if unit == own or not unit:
        return 1, 1
    if unit in CASES:
        return (case_pack, 1) if case_pack else None
    if unit in _MEASURES:
        mine = _MEASURES.get(own)
        if not own:
            return 1, 1
        if mine is None or mine[0] != _MEASURES[unit][0]:
            return None
        return _MEASURES[unit][1], mine[1]
    return None if unit == UNKNOWN or own in _MEASURES else (_COUNTS.get(unit, 1), _COUNTS.get(own, 1))
