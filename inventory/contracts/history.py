"""Sales history visit by visit: who bought what on which day, as scores that predict read it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from inventory.contracts.arrays import Codes, Column, Floats, Ints, empty, settle
from inventory.contracts.stock import NO_DAY
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _

_ITEM, _PAIR, _VISIT = ("items",), ("pairs",), ("visits",)
_MOVE, _CALL = ("moves",), ("calls",)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SalesHistory:
    """Everything sold in the days 0 to `days` - 1; day `days` is the day of the snapshot.

    An *item* is one SKU in one territory, (items,): `item_group`, number of its category, and
    `item_delisted`, the day from which its maker no longer makes it (`NO_DAY`: he still does).

    A *pair* is one outlet that has bought one item, (pairs,): `pair_item` and `pair_outlet`, numbers.

    A *visit* is one day on which a pair bought, net of that day's returns, (visits,): `visit_pair`,
    `visit_day`, `visit_pieces` (1 or more) and `visit_paise` (GST included). Sorted by pair, then day.

    A *call* is one day on which an outlet bought anything, (calls,): `call_outlet`, `call_day`,
    sorted the same way; taken from the visits when not given. Give it when only some SKUs are read.

    A *move* is what the stock of an item changed by on a day, (moves,): `move_item`, `move_day` (-1:
    before the window) and `move_pieces`, signed. Without any, stock of the past is not known.

    `group_days`: (groups, days) visits of a category on a day, for seasons; from the visits when not
    given.
    """

    days: int
    outlets: int
    item_group: Codes
    item_delisted: Ints = field(default_factory=empty)
    pair_item: Codes
    pair_outlet: Codes
    visit_pair: Codes
    visit_day: Codes
    visit_pieces: Ints
    visit_paise: Ints
    call_outlet: Codes = field(default_factory=empty)
    call_day: Codes = field(default_factory=empty)
    move_item: Codes = field(default_factory=empty)
    move_day: Ints = field(default_factory=empty)
    move_pieces: Ints = field(default_factory=empty)
    group_days: Floats = field(default_factory=empty)

    def __post_init__(self) -> None:
        sizes = {
            name: int(np.asarray(getattr(self, of)).shape[0])
            for name, of in (
                ("items", "item_group"), ("pairs", "pair_item"), ("visits", "visit_pair"),
                ("moves", "move_item"),
            )
        }  # fmt: skip
        groups = int(np.asarray(self.item_group).max(initial=-1)) + 1
        sizes |= {"groups": groups, "days": self.days}
        last_item, last_pair = sizes["items"] - 1, sizes["pairs"] - 1
        settle(
            self,
            sizes,
            {
                "item_group": Column(_ITEM, np.int32),
                "item_delisted": Column(_ITEM, np.int64, NO_DAY, low=None),
                "pair_item": Column(_PAIR, np.int32, high=last_item),
                "pair_outlet": Column(_PAIR, np.int32, high=self.outlets - 1),
                "visit_pair": Column(_VISIT, np.int32, high=last_pair),
                "visit_day": Column(_VISIT, np.int32, high=self.days - 1),
                "visit_pieces": Column(_VISIT, np.int64, low=1),
                "visit_paise": Column(_VISIT, np.int64),
                "move_item": Column(_MOVE, np.int32, high=last_item),
                "move_day": Column(_MOVE, np.int64, low=-1, high=self.days - 1),
                "move_pieces": Column(_MOVE, np.int64, low=None),
            },
        )
        self._check_order()
        self._fill(groups)
        calls = int(np.asarray(self.call_outlet).shape[0])
        settle(
            self,
            sizes | {"calls": calls},
            {
                "call_outlet": Column(_CALL, np.int32, high=self.outlets - 1),
                "call_day": Column(_CALL, np.int32, high=self.days - 1),
                "group_days": Column(("groups", "days"), np.float64),
            },
        )

    def _check_order(self) -> None:
        place = self.visit_pair.astype(np.int64) * (self.days + 1) + self.visit_day
        if (np.diff(place) <= 0).any():
            message = _("must be sorted by pair and day, each once")
            fault = Fault("bad_array", message, "visit_day")
            raise Invalid(listed(["SalesHistory: visits", message], " "), code="bad_array", faults=[fault])

    def _fill(self, groups: int) -> None:
        if np.asarray(self.call_outlet).size == 0 and self.visit_pair.size:
            outlet = self.pair_outlet[self.visit_pair].astype(np.int64)
            calls = np.unique(outlet * self.days + self.visit_day)
            object.__setattr__(self, "call_outlet", calls // self.days)
            object.__setattr__(self, "call_day", calls % self.days)
        if np.asarray(self.group_days).size == 0:
            table = np.zeros((groups, self.days))
            group = self.item_group[self.pair_item[self.visit_pair]]
            np.add.at(table, (group, self.visit_day), 1.0)
            object.__setattr__(self, "group_days", table)

    def until(self, day: int) -> SalesHistory:
        """What was known of it on the morning of an earlier day; seasons and calls are counted anew."""
        seen, moved = self.visit_day < day, self.move_day < day
        return SalesHistory(
            days=day,
            outlets=self.outlets,
            item_group=self.item_group,
            item_delisted=self.item_delisted,
            pair_item=self.pair_item,
            pair_outlet=self.pair_outlet,
            visit_pair=self.visit_pair[seen],
            visit_day=self.visit_day[seen],
            visit_pieces=self.visit_pieces[seen],
            visit_paise=self.visit_paise[seen],
            move_item=self.move_item[moved],
            move_day=self.move_day[moved],
            move_pieces=self.move_pieces[moved],
        )

    @property
    def items(self) -> int:
        return int(self.item_group.shape[0])

    @property
    def pairs(self) -> int:
        return int(self.pair_item.shape[0])
