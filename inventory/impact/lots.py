"""A lot: pieces of one position that need a way out, and what each way would make of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from inventory.contracts.arrays import Column, Flags, Ints, empty, settle
from inventory.contracts.stock import NO_CAP


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lots:
    """(lots,) each; money in paise per piece, GST excluded.

    - `quantity`: pieces that need a way out.
    - `days`: until they must have left, 0 or more; `perishes`: what is left then has expired or is
      too short-lived to sell and must be destroyed (otherwise it is worth its residual);
      `expired`: already past the last day of sale; `life_days`: days to the last day of sale.
    - `cost`, `price`, `itc`: landed cost, net price to the trade, input tax credit taken.
    - `grams`: of a piece.
    - `held_sold`: pieces expected to sell here anyway, at most `quantity`.
    - `moved_sold`: pieces expected to sell where the best open lane leads, at most `quantity`;
      `moved_days` in transit, `moved_paise_per_kg` freight (-1: no lane is open), `crosses`: the
      lane leads to another GST registration.
    - `return_bp`: share of cost the company credits; `return_open`: it accepts a claim today;
      `claim_room`: the most it still credits for this lot; `claim_success_bp`, `claim_days`: how often
      it accepts a claim and when it pays, -1 where the rates' own figure holds.
    """

    quantity: Ints
    days: Ints
    perishes: Flags
    expired: Flags
    life_days: Ints
    cost: Ints
    price: Ints
    itc: Ints
    grams: Ints
    held_sold: Ints
    moved_sold: Ints
    moved_days: Ints
    moved_paise_per_kg: Ints
    crosses: Flags
    return_bp: Ints
    return_open: Flags
    claim_room: Ints = field(default_factory=empty)
    claim_success_bp: Ints = field(default_factory=empty)
    claim_days: Ints = field(default_factory=empty)

    def __post_init__(self) -> None:
        flags = {"perishes", "expired", "crosses", "return_open"}
        columns = {
            name: Column(
                ("lots",), "bool" if name in flags else "int64", _FILL.get(name), low=_LOW.get(name, 0)
            )
            for name in self.__slots__
        }
        settle(self, {"lots": len(self.quantity)}, columns)

    def __len__(self) -> int:
        return int(self.quantity.shape[0])

    def some(self, rows: NDArray[Any]) -> Lots:
        """The lots of these rows, in their order; a row may come again."""
        return Lots(**{name: getattr(self, name)[rows] for name in self.__slots__})


_LOW: dict[str, float | None] = {
    "life_days": None,
    "moved_paise_per_kg": -1,
    "perishes": None,
    "expired": None,
    "crosses": None,
    "return_open": None,
    "claim_success_bp": -1,
    "claim_days": -1,
}
_FILL = {"claim_room": NO_CAP, "claim_success_bp": -1, "claim_days": -1}
