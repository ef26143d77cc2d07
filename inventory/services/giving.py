"""Who gives the pieces that were sold: batches of the territory's godowns, first expiry first. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.models import MovementKind
from inventory.services.binary import Chosen
from inventory.services.groups import Marks, Numbers, distinct, group, numbers, sums_at, sums_within
from inventory.services.lines import Moves
from inventory.services.sold import Sold

#: Where no number belongs: no lot, no expiry date.
NONE = -(2**63) + 1
_LAST = 2**62
_KINDS = (MovementKind.SALE.value, MovementKind.FOUND.value, MovementKind.SALE_RETURN.value)
_SALE, _FOUND, _RETURN = range(3)


@dataclass(frozen=True, slots=True)
class Needs:
    """What sales ask for on each day of `sold`: pieces sold, pieces returned, the last instant."""

    sold: Sold
    pieces: Numbers
    returned: Numbers
    at: Numbers

    def by_pair(self, values: Numbers) -> Numbers:
        """Whole numbers of days added up by SKU and territory."""
        return sums_at(self.sold.pair, values, len(self.sold.starts))


def needs_of(sold: Sold) -> Needs:
    """Lines of the sales: quantity, sold_at."""
    quantity = numbers(sold.lines["quantity"])
    returned = sold.days.sums(np.where(quantity < 0, -quantity, 0))
    pieces = sold.days.sums(np.where(quantity > 0, quantity, 0))
    return Needs(sold, pieces, returned, sold.days.largest(numbers(sold.lines["sold_at"])))


@dataclass(frozen=True, slots=True)
class Lots:
    """Positions that may give or take, as they stand, in the order in which those of a pair give.

    `pair`: see `Sold`; `offered` is the part of `reserved` that is on offer; `expiry`: a day since 1970, or
    `NONE`; `gives`: godowns do, vans do not.
    """

    pair: Numbers
    position_id: Numbers
    batch_id: Numbers
    location_id: Numbers
    on_hand: Numbers
    reserved: Numbers
    offered: Numbers
    changes: Numbers
    expiry: Numbers
    gives: Marks

    def home_of(self, pairs: Numbers) -> Numbers:
        """The lot where returns and found pieces of some pairs go: the newest batch there; `NONE` without."""
        among = np.flatnonzero(self.gives & np.isin(self.pair, pairs))
        newest = np.where(self.expiry[among] == NONE, _LAST, -self.expiry[among])
        order = among[np.lexsort((self.location_id[among], -self.batch_id[among], newest, self.pair[among]))]
        found, first = np.unique(self.pair[order], return_index=True)
        homes = np.full(len(pairs), NONE, np.int64)
        at = np.searchsorted(found, pairs)
        met = (at < len(found)) & (found[np.minimum(at, len(found) - 1)] == pairs) if len(found) else at < 0
        homes[met] = order[first[at[met]]]
        return homes


def lots_of(lots: Lots) -> Lots:
    """Lots in the order in which they give: those without an expiry date last."""
    expiry = np.where(lots.expiry == NONE, _LAST, lots.expiry)
    order = np.lexsort((lots.location_id, lots.batch_id, expiry, lots.pair))
    return Lots(*(getattr(lots, name)[order] for name in Lots.__slots__))


@dataclass(frozen=True, slots=True)
class Homes:
    """By pair: where returns and found pieces go, if the territory has such a place; with its lot, if any."""

    there: Marks
    batch_id: Numbers
    location_id: Numbers
    lot: Numbers


@dataclass(frozen=True, slots=True)
class Given:
    """How what was asked for was met.

    Of what lots gave, an entry each: `day` (of `Sold`), `lot`, `pieces`, and whether they were `held` for
    another plan than an offer, `on_offer`, or `expired`. `short`: by day, what no lot had.
    """

    needs: Needs
    lots: Lots
    homes: Homes
    day: Numbers
    lot: Numbers
    pieces: Numbers
    held: Marks
    on_offer: Marks
    expired: Marks
    short: Numbers

    def moves(self, reference: str) -> Moves:
        """Lines for the ledger, in order of time."""
        needs, lots, homes = self.needs, self.lots, self.homes
        given = group(self.day * len(lots.pair) + self.lot)
        lot, reserved = given.firsts(self.lot), np.where(self.held | self.on_offer, self.pieces, 0)
        short, back = np.flatnonzero(self.short), np.flatnonzero(needs.returned)
        back = back[homes.there[needs.sold.pair[back]]]
        home = needs.sold.pair[np.concatenate([short, short, back])]
        at = np.concatenate(
            [needs.at[given.firsts(self.day)], needs.at[np.concatenate([short, short, back])]]
        )
        batch = np.concatenate([lots.batch_id[lot], homes.batch_id[home]])
        place = np.concatenate([lots.location_id[lot], homes.location_id[home]])
        kinds = np.repeat([_SALE, _FOUND, _SALE, _RETURN], [len(lot), len(short), len(short), len(back)])
        quantity = np.concatenate(
            [-given.sums(self.pieces), self.short[short], -self.short[short], needs.returned[back]]
        )
        order = np.lexsort((place, batch, at))
        lot = np.concatenate([lot, homes.lot[home]])[order]
        held = np.concatenate([-given.sums(reserved), np.zeros(len(home), np.int64)])
        return Moves(
            batch_id=batch[order], location_id=place[order], kind=Chosen(_KINDS, kinds[order]),
            quantity=quantity[order], reserved=held[order], at=at[order], reference=reference,
            position_id=_of(lots.position_id, lot), changes=_of(lots.changes, lot),
        )  # fmt: skip

    def changes(self) -> dict[str, Numbers]:
        """By SKU and territory: the change of stock, and what stands there after it, vans included.

        Found pieces came and went; what stands there now is what stood there and the change.
        """
        needs, lots, pairs = self.needs, self.lots, len(self.needs.sold.starts)
        change = needs.by_pair(needs.returned - needs.pieces + self.short)
        on_hand = sums_at(lots.pair, lots.on_hand, pairs) + change
        held = np.where(self.held | self.on_offer, self.pieces, 0)
        reserved = sums_at(lots.pair, lots.reserved, pairs) - sums_at(lots.pair[self.lot], held, pairs)
        sku, territory = (ids[needs.sold.starts] for ids in (needs.sold.sku_id, needs.sold.territory_id))
        told = (sku, territory, change, on_hand, reserved)
        names = ("sku_id", "territory_id", "change", "on_hand", "reserved")
        return {name: column[self.homes.there] for name, column in zip(names, told, strict=True)}

    @property
    def found(self) -> int:
        return int(self.short.sum())

    @property
    def expired_pieces(self) -> int:
        return int(self.pieces[self.expired].sum())

    def lapsed(self) -> dict[str, Numbers]:
        """What lots gave after their last day: by batch, SKU, territory and day since 1970, in pieces."""
        sold, given = self.needs.sold, self.day
        late = np.flatnonzero(self.expired & (self.lots.expiry[self.lot] < sold.day[given]))
        day = given[late]
        return {
            "batch_id": self.lots.batch_id[self.lot[late]], "sku_id": sold.sku_id[day],
            "territory_id": sold.territory_id[day], "sold_on": sold.day[day], "quantity": self.pieces[late],
        }  # fmt: skip

    @property
    def unheld(self) -> int:
        """Pieces that had been held for another plan than an offer."""
        return int(self.pieces[self.held].sum())

    @property
    def unbooked(self) -> int:
        """Pieces sold where no place could give or take them."""
        return int(self.needs.by_pair(self.needs.pieces)[~self.homes.there].sum())


def give(needs: Needs, lots: Lots, others: Homes) -> Given:
    """Meet what was sold from lots: free and offered pieces, then those held for other plans, expired last.

    `others`: homes of pairs whose godowns never had the SKU. Days' sales are laid end to end over lots laid
    end to end: where they overlap, a lot gives.
    """
    parts = _parts(needs, lots)
    asked = np.flatnonzero(needs.pieces)
    pair, count = needs.sold.pair, len(needs.sold.starts)
    wanted, offered = needs.by_pair(needs.pieces), sums_at(parts.pair, parts.pieces, count)
    width = np.maximum(wanted, offered)
    base = np.cumsum(width) - width
    asked_upto = base[pair[asked]] + sums_within(needs.pieces[asked], pair[asked])
    given_upto = base[parts.pair] + sums_within(parts.pieces, parts.pair)
    asked_from, given_from = asked_upto - needs.pieces[asked], given_upto - parts.pieces
    first = np.searchsorted(given_upto, asked_from, side="right")
    many = np.maximum(np.searchsorted(given_from, asked_upto, side="left") - first, 0)
    ask = np.repeat(np.arange(len(asked)), many)
    part = np.repeat(first - np.cumsum(many) + many, many) + np.arange(len(ask))
    pieces = np.minimum(asked_upto[ask], given_upto[part]) - np.maximum(asked_from[ask], given_from[part])
    day, lot = asked[ask], parts.lot[part]
    short = needs.pieces - sums_at(day, pieces, len(pair))
    homes = _homes(needs, lots, others, short)
    short[~homes.there[pair]] = 0
    return Given(
        needs,
        lots,
        homes,
        day,
        lot,
        pieces,
        parts.held[part],
        parts.on_offer[part],
        parts.expired[part],
        short,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What lots have to give, in the order in which those of a pair give."""

    pair: Numbers
    lot: Numbers
    pieces: Numbers
    held: Marks
    on_offer: Marks
    expired: Marks


def _parts(needs: Needs, lots: Lots) -> _Parts:
    """Each lot as what is free in it, what is on offer, and what other plans hold."""
    days = np.where(needs.pieces > 0, needs.sold.day, NONE)
    last = np.maximum.reduceat(days, needs.sold.starts)[lots.pair]
    expired = (lots.expiry != NONE) & (lots.expiry < last)
    there = np.flatnonzero(lots.gives & (last != NONE))
    kinds = np.stack([lots.on_hand - lots.reserved, lots.offered, lots.reserved - lots.offered])[:, there]
    kind, at = np.nonzero(kinds > 0)
    lot, held, on_offer = there[at], kind == 2, kind == 1
    late = expired[lot]
    key = ((lots.pair[lot] * 2 + late) * 2 + held) * (2 * len(lots.pair)) + 2 * lot + on_offer
    order = np.argsort(key)
    lot = lot[order]
    return _Parts(
        lots.pair[lot], lot, kinds[kind, at][order], held[order], on_offer[order], late[order]
    )  # fmt: skip


def _homes(needs: Needs, lots: Lots, others: Homes, short: Numbers) -> Homes:
    """Homes of all pairs; which one is looked for only where something goes there."""
    there = others.there.copy()
    there[lots.pair[lots.gives]] = True
    asked = distinct(needs.sold.pair[(short > 0) | (needs.returned > 0)])
    lot = lots.home_of(asked)
    asked, lot = asked[lot != NONE], lot[lot != NONE]
    batch, place, which = others.batch_id.copy(), others.location_id.copy(), others.lot.copy()
    batch[asked], place[asked], which[asked] = lots.batch_id[lot], lots.location_id[lot], lot
    return Homes(there, batch, place, which)


def _of(values: Numbers, lot: Numbers) -> Numbers:
    """Values of lots; `NONE` where there is no lot."""
    if not len(values):
        return np.full(len(lot), NONE, np.int64)
    return np.where(lot == NONE, NONE, values[np.maximum(lot, 0)])
