"""With how much life left goods can still be sold, where an item's buyers do not all ask for the same."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from inventory.contracts.arrays import Codes, Floats, Ints
from inventory.contracts.channels import DEFAULT_CHANNEL
from inventory.contracts.policy import MonitoringPolicy
from inventory.contracts.stock import NEVER, NO_DAY, StockSnapshot

#: A share of demand below this is none.
_NOTHING = 1e-9


class Mixed(Protocol):
    """Who buys some items; see `StockSnapshot`."""

    @property
    def channels(self) -> tuple[str, ...]: ...
    @property
    def channel_life(self) -> Ints: ...
    @property
    def mix_item(self) -> Codes: ...
    @property
    def mix_channel(self) -> Codes: ...
    @property
    def mix_share(self) -> Floats: ...


def minimum_lives(snapshot: StockSnapshot, policy: MonitoringPolicy, days: Ints) -> Ints:
    """(positions,) days of life below which a position counts as no longer sold; `days`: life that is left.

    General trade's rule where nobody else buys. Where channels share an item's demand, each buys until its
    own least life is reached; days left to sell are the mean of theirs, weighed by their shares: as many as
    sell, at an even pace, what the channels sell together. Where not half a day of it is left, all of the
    life that is left is missing.
    """
    lives = np.full(snapshot.positions, policy.minimum_life(DEFAULT_CHANNEL), dtype=np.int64)
    if not snapshot.mix_item.size:
        return lives
    mixed = np.zeros(snapshot.items, dtype=np.bool_)
    mixed[snapshot.mix_item] = True
    rows = np.flatnonzero(mixed[snapshot.position_item] & (days < NO_DAY))
    made, last = snapshot.manufacture_day[rows], snapshot.expiry_day[rows]
    known = (made > NEVER) & (made <= last) & (last < NO_DAY)
    item, whole = snapshot.position_item[rows], np.where(known, last - made, -1)
    lives[rows] = mixed_lives(snapshot, policy, item, days[rows], whole, snapshot.items)
    return lives


def mixed_lives(
    buyers: Mixed, policy: MonitoringPolicy, item: Ints | Codes, left: Ints, whole: Ints, items: int
) -> Ints:
    """(rows,) the same of positions of items that others than general trade buy, too.

    `left`, `whole`: days of life that are left, and in all (-1: not known); `items`: how many there are.
    """
    general = policy.minimum_life(DEFAULT_CHANNEL)
    others = np.zeros(items)
    np.add.at(others, buyers.mix_item, buyers.mix_share)
    rest = (1 - others)[item]
    rest = np.where(rest < _NOTHING, 0.0, rest)
    sell = rest * np.maximum(left - general, 0)
    least = np.where(rest > 0, general, NO_DAY)
    for number in range(len(buyers.channels)):
        share = np.zeros(items)
        mine = buyers.mix_channel == number
        np.add.at(share, buyers.mix_item[mine], buyers.mix_share[mine])
        wants, part = _wanted(buyers, policy, number, whole), share[item]
        sell += part * np.maximum(left - wants, 0)
        least = np.where(part > 0, np.minimum(least, wants), least)
    days = np.floor(sell + 0.5 + _NOTHING).astype(np.int64)
    return np.where(days > 0, left - days, np.maximum(left, least))


def _wanted(buyers: Mixed, policy: MonitoringPolicy, number: int, whole: Ints) -> Ints:
    """(rows,) life that one kind of buyer wants, as `LifeRules.least` has it."""
    own, channel = int(buyers.channel_life[number]), buyers.channels[number]
    days = own if own >= 0 else policy.minimum_life(channel)
    wants = np.full(whole.size, days, dtype=np.int64)
    share = policy.minimum_life_share_bp.get(channel)
    if own >= 0 or share is None:
        return wants
    return np.where(whole >= 0, np.minimum(wants, -(-whole * share // 10_000)), wants)
