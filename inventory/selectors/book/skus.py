"""Facts of SKUs as a book has them: prices, weights, the rate of GST on the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from inventory.contracts.arrays import Ints
from inventory.models import Sku
from vyapar.kernel.errors import VyaparError
from vyapar.kernel.money import BASIS_POINTS
from vyapar.law.rates import rate_for


@dataclass(frozen=True, slots=True, eq=False)
class SkuFacts:
    """Facts of all SKUs, (skus,) each, by id. `rate_bp` is -1 where the law's table is unclear."""

    ids: Ints
    codes: tuple[str, ...]
    code_of: dict[int, str]
    trade: Ints
    grams: Ints
    rate_bp: Ints


def sku_facts(today: date) -> SkuFacts:
    rows = list(
        Sku.objects.order_by("pk").values_list(
            "pk", "code", "trade_price_paise", "weight_grams", "hsn", "rate_item", "packed"
        )
    )
    rates: dict[tuple[str, str, bool], int] = {}
    for *_, hsn, item, packed in rows:
        key = (hsn, item, packed)
        if key not in rates:
            rates[key] = rate_on(today, *key)
    return SkuFacts(
        ids=_ints(row[0] for row in rows),
        codes=tuple(row[1] for row in rows),
        code_of={row[0]: row[1] for row in rows},
        trade=_ints(row[2] for row in rows),
        grams=_ints(row[3] for row in rows),
        rate_bp=_ints(rates[row[4:]] for row in rows),
    )


def rate_on(today: date, hsn: str, item: str, packed: bool) -> int:
    """Basis points of GST on a day; -1 where the law's table is unclear."""
    try:
        return rate_for(hsn, today, rate_item=item, packed=packed).basis_points
    except VyaparError:
        return -1


def without_gst(price: Ints, rate_bp: Ints, cost: Ints) -> Ints:
    """Net prices, half-up; what bears no clear rate is valued at cost, not on a guess."""
    whole = BASIS_POINTS + rate_bp
    return np.where(rate_bp < 0, cost, (2 * price * BASIS_POINTS + whole) // (2 * whole))


def _ints(values: Any) -> Ints:
    return np.fromiter(values, dtype=np.int64)
