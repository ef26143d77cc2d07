"""What is told of sales that should not have been: of goods past their last day, or with too little life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from inventory.contracts.channels import DEFAULT_CHANNEL


@dataclass(frozen=True, slots=True)
class ExpiredSale:
    """One line of a sale. `transaction_id` and `line` are the books' own; `quantity` in pieces."""

    transaction_id: str
    line: int
    retailer_id: str
    outlet: str
    territory: str
    sold_on: date
    quantity: int
    days_past_expiry: int


@dataclass(frozen=True, slots=True)
class ExpiredStockSold:
    """Pieces of one batch were sold after its last day (its expiry date, on which it may still be sold).

    `named`: the books themselves name the batch in these `sales`, and `quantity` is their sum. Otherwise
    nothing but the expired batch stood there to give `quantity` pieces, and `sales` are the lines that may
    have got them. At most `MOST` sales; `more` counts the others. `days_past_expiry`: the most of any.
    `value_paise`: at the prices charged, GST included; at the average price where it is not `named`.
    """

    name: ClassVar[str] = "ExpiredStockSold"
    version: ClassVar[int] = 1
    MOST: ClassVar[int] = 50

    sku: str
    batch: str
    expiry_date: date
    named: bool
    quantity: int
    days_past_expiry: int
    value_paise: int
    sales: tuple[ExpiredSale, ...]
    more: int = 0
    import_number: int | None = None


@dataclass(frozen=True, slots=True)
class PastSalesExpired:
    """Sales of goods past their last day that came long after they were made: too late to act, so counted."""

    name: ClassVar[str] = "PastSalesExpired"
    version: ClassVar[int] = 1

    lines: int
    quantity: int
    batches: int
    first_day: date
    last_day: date
    import_number: int | None = None


@dataclass(frozen=True, slots=True)
class ShortLifeSold:
    """Sales of batches with less life than their buyers want: by their own word or their channel's rule.

    Batches that were ever on offer are not counted: an offer has its own rule. `sku`, `batch`, `days_left`,
    `minimum_days`, `trade_channel` and `retailer_id` (empty in general trade) are those of the sale that
    lacks most; `alike`: all these buyers want as many days. `quantity` is of all.
    """

    name: ClassVar[str] = "ShortLifeSold"
    version: ClassVar[int] = 1

    lines: int
    quantity: int
    batches: int
    minimum_days: int
    sku: str
    batch: str
    days_left: int
    import_number: int | None = None
    trade_channel: str = DEFAULT_CHANNEL
    retailer_id: str = ""
    alike: bool = True


@dataclass(frozen=True, slots=True)
class UndoneSale:
    """A line of a sale, and how many of its pieces are undone."""

    transaction_id: str
    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ExpiredSalesUndone:
    """Sales that `ExpiredStockSold` told of, under the same subject, are no more.

    `how`: `cancelled` by their source, or `returned` by the outlet with the batch named.
    """

    name: ClassVar[str] = "ExpiredSalesUndone"
    version: ClassVar[int] = 1

    sku: str
    batch: str
    how: str
    quantity: int
    sales: tuple[UndoneSale, ...]
    import_number: int | None = None
