"""Who gives the pieces that were sold: batches of the territory's godowns, first expiry first. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from inventory.models import MovementKind

_PAIR = ["sku_id", "territory_id"]


@dataclass(frozen=True, slots=True)
class Lots:
    """Positions that may give or take, as they stand.

    `positions`: position_id, sku_id, territory_id, batch_id, location_id, on_hand, reserved, offered (the
    part of `reserved` that is on offer), changes, expiry_date, gives (godowns do, vans do not).
    """

    positions: pl.DataFrame

    def homes(self) -> pl.DataFrame:
        """Where returns and found pieces go, by SKU and territory: the newest batch that is there."""
        newest = self.positions.filter(pl.col("gives")).sort(
            "expiry_date", "batch_id", "location_id", descending=[True, True, False], nulls_last=True
        )
        return newest.unique(_PAIR, keep="first", maintain_order=True).select(
            *_PAIR, "batch_id", "location_id"
        )

    def standing(self) -> pl.DataFrame:
        """What stands there, by SKU and territory: on_hand and reserved, vans included."""
        return self.positions.group_by(_PAIR).agg(pl.col("on_hand").sum(), pl.col("reserved").sum())


@dataclass(frozen=True, slots=True)
class Given:
    """How what was asked for was met.

    `taken`: position_id, sku_id, territory_id, batch_id, location_id, sold_on, at, pieces, held, on_offer,
    expired. `short`: what no lot had, at the home where it is booked. `needs`, `homes`: see `give`.
    """

    needs: pl.DataFrame
    lots: Lots
    homes: pl.DataFrame
    taken: pl.DataFrame
    short: pl.DataFrame

    def lines(self, reference: str) -> pl.DataFrame:
        """Lines for the ledger, in the columns of its `LINE_SCHEMA`."""
        from_hold = pl.col("pieces").filter(pl.col("held") | pl.col("on_offer")).sum()
        sold = self.taken.group_by("batch_id", "location_id", "sold_on").agg(
            -pl.col("pieces").sum().alias("quantity"), -from_hold.alias("reserved"), pl.col("at").max()
        )
        found = self.short.select("batch_id", "location_id", pl.col("pieces").alias("quantity"), "at")
        returned = self.needs.filter(pl.col("returned") > 0).join(self.homes, on=_PAIR)
        parts = [
            (MovementKind.SALE, sold),
            (MovementKind.FOUND, found),
            (MovementKind.SALE, found.with_columns(-pl.col("quantity"))),
            (MovementKind.SALE_RETURN, returned.with_columns(pl.col("returned").alias("quantity"))),
        ]
        nothing = pl.lit(0, dtype=pl.Int64)
        return pl.concat(
            part.select(
                "batch_id", "location_id", pl.lit(kind.value).alias("kind"), "quantity",
                ("reserved" if "reserved" in part.columns else nothing.alias("reserved")),
                nothing.alias("in_transit"), "at", pl.lit(reference).alias("reference"),
                pl.lit(None, dtype=pl.String).alias("action_id"),
                pl.lit(None, dtype=pl.Date).alias("receipt_date"),
            )
            for kind, part in parts
        ).sort("at", "batch_id", "location_id", maintain_order=True)  # fmt: skip

    def changes(self) -> pl.DataFrame:
        """By SKU and territory: the change of stock, and what stands there after it.

        Found pieces came and went; what stands there now is what stood there and the change.
        """
        net = self.needs.group_by(_PAIR).agg((pl.col("returned").sum() - pl.col("sold").sum()).alias("net"))
        found = self.short.group_by(_PAIR).agg(pl.col("pieces").sum().alias("found"))
        held = self.taken.filter(pl.col("held") | pl.col("on_offer"))
        unheld = held.group_by(_PAIR).agg(pl.col("pieces").sum().alias("unheld"))
        frame = net.join(self.homes, on=_PAIR, how="semi")
        for other in (found, self.lots.standing(), unheld):
            frame = frame.join(other, on=_PAIR, how="left")
        frame = frame.with_columns(pl.col("found", "on_hand", "reserved", "unheld").fill_null(0))
        change = pl.col("net") + pl.col("found")
        return frame.select(
            *_PAIR, change.alias("change"), (pl.col("on_hand") + change).alias("on_hand"),
            pl.col("reserved") - pl.col("unheld"),
        )  # fmt: skip

    @property
    def found(self) -> int:
        return int(self.short["pieces"].sum())

    @property
    def expired(self) -> int:
        return int(self.taken.filter(pl.col("expired"))["pieces"].sum())

    @property
    def unheld(self) -> int:
        """Pieces that had been held for another plan than an offer."""
        return int(self.taken.filter(pl.col("held"))["pieces"].sum())

    @property
    def unbooked(self) -> int:
        """Pieces sold where no place could give or take them."""
        return int(self.needs.join(self.homes, on=_PAIR, how="anti")["sold"].sum())


def give(needs: pl.DataFrame, lots: Lots, homes: pl.DataFrame) -> Given:
    """Meet what was sold from lots: free and offered pieces, then those held for other plans, expired last.

    `needs`: sku_id, territory_id, sold_on, sold, returned, at; `homes`: sku_id, territory_id, batch_id,
    location_id. Days' sales are laid end to end over lots laid end to end: where they overlap, a lot gives.
    """
    asked = needs.filter(pl.col("sold") > 0).sort(*_PAIR, "sold_on")
    asked = asked.with_columns(pl.col("sold").cum_sum().over(_PAIR).alias("asked_upto"))
    parts = _parts(lots.positions, asked)
    order: list[str | pl.Expr] = [
        "expired", "held", pl.col("expiry_date").is_null(), "expiry_date", "batch_id", "location_id",
        "on_offer",
    ]  # fmt: skip
    parts = parts.sort(*_PAIR, *order).with_columns(
        pl.col("pieces").cum_sum().over(_PAIR).alias("given_upto")
    )
    both = parts.join(asked.select(*_PAIR, "sold_on", "at", "sold", "asked_upto"), on=_PAIR)
    begins = pl.max_horizontal(pl.col("asked_upto") - pl.col("sold"), pl.col("given_upto") - pl.col("pieces"))
    ends = pl.min_horizontal("asked_upto", "given_upto")
    taken = both.with_columns((ends - begins).alias("pieces")).filter(pl.col("pieces") > 0)
    return Given(needs, lots, homes, taken, _short(asked, taken, homes))


def _parts(positions: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Each lot as what is free in it, what is on offer, and what other plans hold."""
    last = asked.group_by(_PAIR).agg(pl.col("sold_on").max().alias("last_day"))
    lots = positions.filter(pl.col("gives")).join(last, on=_PAIR)
    lots = lots.with_columns((pl.col("expiry_date") < pl.col("last_day")).fill_null(False).alias("expired"))
    free, offered, other = (
        pl.col("on_hand") - pl.col("reserved"), pl.col("offered"), pl.col("reserved") - pl.col("offered")
    )  # fmt: skip
    parts = pl.concat(
        lots.with_columns(
            pieces.alias("pieces"), pl.lit(held).alias("held"), pl.lit(on_offer).alias("on_offer")
        )
        for pieces, held, on_offer in ((free, False, False), (offered, False, True), (other, True, False))
    )
    return parts.filter(pl.col("pieces") > 0)


def _short(asked: pl.DataFrame, taken: pl.DataFrame, homes: pl.DataFrame) -> pl.DataFrame:
    """What no lot had, by day, at its home: batch_id, location_id, sku_id, territory_id, at, pieces."""
    met = taken.group_by(*_PAIR, "sold_on").agg(pl.col("pieces").sum().alias("met"))
    left = asked.join(met, on=[*_PAIR, "sold_on"], how="left").join(homes, on=_PAIR)
    pieces = pl.col("sold") - pl.col("met").fill_null(0)
    return left.select("batch_id", "location_id", *_PAIR, "at", pieces.alias("pieces")).filter(
        pl.col("pieces") > 0
    )
