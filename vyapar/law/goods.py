"""Classes of goods that the law treats specially, told by their HSN code."""

from __future__ import annotations

from datetime import date

from vyapar.law.store import Row, in_force, table


def is_food(hsn: str, on_date: date) -> bool:
    """Whether goods are food, so that FSSAI's rules bear on them.

    Source: FSS Act 2006 s.3(1)(j), read as HSN chapters; doubtful goods inside them count as food.
    """
    return _listed("food", hsn, on_date) and not _listed("not_food", hsn, on_date)


def is_valued_from_retail_price(hsn: str, on_date: date, *, rate_item: str = "") -> bool:
    """Whether the taxable value comes from the retail price on the pack (tobacco, pan masala).

    Source: Rule 31D CGST, Notif 20/2025-CT, from 01-02-2026; bidi is left out.
    """
    return _listed("value_from_retail_price", hsn, on_date, rate_item)


def _listed(kind: str, hsn: str, on_date: date, rate_item: str = "") -> bool:
    rows = (row for row in table("special_goods") if row["kind"] == kind)
    return any(
        hsn.startswith(row["hsn_prefix"]) and rate_item not in _excepted(row)
        for row in in_force(rows, on_date)
    )


def _excepted(row: Row) -> list[str]:
    return [item for item in row["except_items"].split(";") if item]
