"""Trade channels: what kind of buyer an outlet is, and with how much life left it still takes goods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class TradeChannel(StrEnum):
    """What kind of buyer an outlet is; not by which channel it is written to."""

    GENERAL_TRADE = "general_trade"  # kirana shops, chemists, stalls, wholesalers
    MODERN_TRADE = "modern_trade"  # chains with shelves of their own
    E_COMMERCE = "e_commerce"
    QUICK_COMMERCE = "quick_commerce"
    INSTITUTION = "institution"  # canteens, hotels, hospitals, schools


#: What an outlet is until somebody says otherwise, and whose rule holds where a channel has none of its own.
DEFAULT_CHANNEL = TradeChannel.GENERAL_TRADE.value
#: Food businesses that sell online, however fast they deliver: FSSAI's direction of 12-11-2024 is to them.
ONLINE = (TradeChannel.E_COMMERCE.value, TradeChannel.QUICK_COMMERCE.value)
#: What it told them to have at delivery: 45 days, or 30 % of the whole life where that is less. A direction
#: to them and no law for their suppliers, so a rule that can be changed.
ONLINE_LIFE_DAYS, ONLINE_LIFE_SHARE_BP = 45, 3_000


def whole_life(made: date | None, last: date | None) -> int | None:
    """Days from a batch's manufacture to its last day of sale; None where one of them is not known."""
    return (last - made).days if made and last else None


@dataclass(frozen=True, slots=True)
class LifeRules:
    """With how much life left each channel still takes goods.

    `days`: by channel, and at least of `DEFAULT_CHANNEL`, which holds for channels that have none of their
    own; `share_bp`: by channel, share of a batch's whole life that is enough where it comes to fewer days.
    """

    days: Mapping[str, int]
    share_bp: Mapping[str, int] = field(default_factory=dict)

    def least(self, channel: str, whole_days: int | None = None) -> int:
        """Days of life a piece must have left when it is sold through `channel`.

        `whole_days`: from its manufacture to its last day of sale, where that is known. A share of them is
        rounded up.
        """
        days = self.days.get(channel, self.days[DEFAULT_CHANNEL])
        share = self.share_bp.get(channel)
        if share is None or whole_days is None:
            return days
        return min(days, -(-whole_days * share // 10_000))
