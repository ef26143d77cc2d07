"""Which vouchers of a file count: those in the books, each by the latest of its selves. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from inventory.feeds.tally.vouchers import Voucher
from inventory.feeds.tally.words import NO_GOODS

_WITHDRAWN = "not in the books: what was recorded of them is withdrawn"


def why_out(voucher: Voucher, as_of: date | None) -> tuple[str, str] | None:
    """What a voucher that is not in the books on a day is called, and why it is not; None when it is."""
    ahead = voucher.postdated and (as_of is None or voucher.day is None or voucher.day > as_of)
    reasons = (
        (voucher.deleted, "deleted vouchers", _WITHDRAWN),
        (voucher.cancelled, "cancelled vouchers", _WITHDRAWN),
        (voucher.optional, "optional vouchers", "not in the books until made regular"),
        (ahead, "post-dated vouchers", "not in the books before their day"),
    )
    return next(((name, reason) for holds, name, reason in reasons if holds), None)


def moves_goods(voucher: Voucher, as_of: date | None) -> bool:
    """Whether the stock is walked through a voucher."""
    return voucher.kind is not None and voucher.kind not in NO_GOODS and why_out(voucher, as_of) is None


@dataclass(slots=True)
class Latest:
    """Which self of each voucher counts, by what has been met: two whole numbers a voucher.

    `overtaken`: a later self came after an earlier one, which was walked through by then. Of selves
    without AlterID the one that comes last counts. Vouchers without a number of Tally's own are not
    told apart here.
    """

    overtaken: bool = False
    _newest: dict[int, int] = field(default_factory=dict)  # AlterID by MasterID
    _last: dict[int, int] = field(default_factory=dict)  # place in the file, of those without AlterID
    _place: int = 0

    def meet(self, voucher: Voucher) -> bool:
        """Take note of the next voucher of the file; False when a later self of it came before."""
        self._place += 1
        one, alter_id = voucher.master_id, voucher.alter_id
        if not one:
            return True
        known = self._newest.get(one)
        if known is not None:
            if alter_id < known:
                return False
            self.overtaken |= alter_id > known or not alter_id
            if not alter_id:
                self._last[one] = self._place
        self._newest[one] = alter_id
        return True

    def begin_again(self) -> None:
        """The file is read from its top once more, to ask of each voucher whether it counts."""
        self._place = 0

    def counts(self, voucher: Voucher) -> bool:
        """Whether the next voucher of the file is the self that counts, all of them being known."""
        self._place += 1
        one = voucher.master_id
        if not one:
            return True
        return voucher.alter_id == self._newest[one] and self._last.get(one, self._place) == self._place
