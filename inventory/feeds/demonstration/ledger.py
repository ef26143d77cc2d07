"""Turns what the stock room played into batches, purchases, movements and positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from inventory.feeds.demonstration.calendar import Calendar
from inventory.feeds.demonstration.identity import gstin
from inventory.feeds.demonstration.profiles import Profile
from inventory.feeds.demonstration.skus import Range
from inventory.feeds.demonstration.stockroom import Kind, Lot, Source
from vyapar.kernel.money import BASIS_POINTS

#: Goods bought by the piece in a hurry cost this much more.
URGENT_EXTRA_BP = 300
#: Minute of the Indian day at which each kind of movement is written, in the order of `Kind`.
_MINUTES = (7 * 60, 8 * 60, 20 * 60 + 30, 20 * 60 + 40, 21 * 60, 21 * 60 + 30)
_REFERENCES = ("", "", "DAY", "RTN", "CNT", "WOF")
_LOCAL_PAN = "ZZZCL9185S"
_MRP_STEP = 100


@dataclass(frozen=True, slots=True)
class Scribe:
    """Knows the names behind the numbers of one run."""

    profile: Profile
    goods: Range
    when: Calendar

    @property
    def areas(self) -> int:
        return len(self.profile.territories)

    def lots(self, lots: Sequence[Lot]) -> pl.DataFrame:
        """Lots by their index, with their names and money. Internal columns: see `_lot_columns`."""
        frame = pl.DataFrame(
            [
                (x.index, x.pair, x.number, int(x.source), x.day, x.made, x.expiry, x.old_mrp_bp, x.cause)
                for x in lots
            ],
            schema=_lot_columns(),
            orient="row",
        )
        good = frame["pair"].to_numpy() // self.areas
        usual = self.goods.array("cost_paise")[good]
        urgent = (frame["source"] == int(Source.URGENT)).to_numpy()
        extra = (2 * usual * URGENT_EXTRA_BP + BASIS_POINTS) // (2 * BASIS_POINTS)
        mrp = self.goods.array("mrp_paise")[good]
        old = frame["old_mrp_bp"].to_numpy()
        raised = -(-mrp * (BASIS_POINTS + old) // (BASIS_POINTS * _MRP_STEP)) * _MRP_STEP
        named = self._names(frame)
        return named.with_columns(
            pl.Series("mrp_paise", np.where(old > 0, raised, mrp)),
            pl.Series("cost_paise", usual + np.where(urgent, extra, 0)),
            self._invoice(named, pl.col("day"), pl.col("source")),
        )

    def _names(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Adds sku, territory, location and batch to a frame with pair, made and number."""
        codes = pl.Series([t.code for t in self.profile.territories])
        made = self.when.days(pl.col("made")).dt.strftime("%y%m")
        return frame.with_columns(
            self.goods.frame["sku"].gather(frame["pair"] // self.areas).alias("sku"),
            codes.gather(frame["pair"] % self.areas).alias("territory"),
            (pl.lit("GD-") + codes.gather(frame["pair"] % self.areas)).alias("location"),
            self.goods.frame["supplier"].gather(frame["pair"] // self.areas).alias("supplier"),
        ).with_columns(
            pl.concat_str(
                made,
                pl.col("territory").str.slice(0, 1),
                pl.col("number").cast(pl.String).str.zfill(3),
            ).alias("batch")
        )

    def _invoice(self, frame: pl.DataFrame, day: pl.Expr, source: pl.Expr) -> pl.Expr:
        """Purchase invoice number: one per maker, godown and day; urgent ones are the local dealer's."""
        makers = self.goods.makers["code"].gather(frame["supplier"])
        prefix = pl.when(source == int(Source.URGENT)).then(pl.lit("LOC")).otherwise(pl.lit(makers))
        stamp = self.when.days(day).dt.strftime("%y%m%d")
        return pl.concat_str(prefix, pl.col("territory"), stamp, separator="/").alias("purchase_invoice")

    def batches(self, lots: pl.DataFrame) -> pl.DataFrame:
        """Lots in the columns of `Ledger.batches`."""
        return lots.select(
            "sku",
            "batch",
            "mrp_paise",
            "cost_paise",
            self.when.days(pl.col("made")).alias("manufacture_date"),
            self.when.days(pl.col("expiry")).alias("expiry_date"),
            "purchase_invoice",
        )

    def moves(self, rows: Sequence[tuple[int, int, int, int, int]], lots: pl.DataFrame) -> pl.DataFrame:
        """Movements with the columns of their lots, in the order in which they were played."""
        table = np.array(rows, dtype=np.int64).reshape(-1, 5)
        columns = ("pair", "lot", "move_day", "kind", "quantity")
        frame = pl.DataFrame({name: table[:, i] for i, name in enumerate(columns)})
        keep = lots.select(
            pl.col("index").alias("lot"),
            *("sku", "territory", "location", "batch", "source", "supplier", "cost_paise"),
        )
        return frame.join(keep, on="lot", how="left", maintain_order="left")

    def movements(self, moves: pl.DataFrame) -> pl.DataFrame:
        """Moves in the columns of `Ledger.movements`, in time order."""
        minutes = pl.Series(_MINUTES).gather(moves["kind"])
        names = pl.Series([kind.name.lower() for kind in Kind]).gather(moves["kind"])
        books = pl.Series(_REFERENCES).gather(moves["kind"])
        bought = pl.col("kind") <= int(Kind.RECEIPT)
        invoice = self._invoice(moves, pl.col("move_day"), pl.col("source"))
        stamp = self.when.days(pl.col("move_day")).dt.strftime("%y%m%d")
        book = pl.concat_str(pl.lit(books), pl.col("territory"), stamp, separator="/")
        return moves.select(
            self.when.instants(pl.col("move_day"), pl.lit(minutes)).alias("at"),
            "sku",
            "batch",
            "location",
            names.alias("kind"),
            "quantity",
            pl.when(bought).then(invoice).otherwise(book).alias("reference"),
        ).sort("at", maintain_order=True)

    def purchases(self, moves: pl.DataFrame) -> pl.DataFrame:
        """Receipts in the columns of `Ledger.purchases`; tax half-up per line, all of it credited."""
        bought = moves.filter(pl.col("kind") <= int(Kind.RECEIPT))
        good = bought["pair"].to_numpy() // self.areas
        value = (bought["quantity"] * bought["cost_paise"]).to_numpy()
        tax = pl.Series(self.goods.rates.tax_on(good, bought["move_day"].to_numpy(), value))
        sellers = self._sellers(bought)
        return bought.select(
            self._invoice(bought, pl.col("move_day"), pl.col("source")),
            sellers["name"].alias("supplier_name"),
            sellers["gstin"].alias("supplier_gstin"),
            self.when.days(pl.col("move_day")).alias("date"),
            "sku",
            "batch",
            "location",
            "quantity",
            "cost_paise",
            tax.alias("tax_paise"),
            tax.alias("itc_paise"),
        ).sort("date", "purchase_invoice", "sku", "batch")

    def _sellers(self, bought: pl.DataFrame) -> pl.DataFrame:
        """The maker of each receipt, or the State's local dealer for what was urgent."""
        makers = self.goods.makers.select("name", "gstin")
        local = pl.DataFrame(
            {
                "name": [f"Sangrahiko Super Stockists, {t.state}" for t in self.profile.territories],
                "gstin": [gstin(t.state_code, _LOCAL_PAN) for t in self.profile.territories],
            }
        )
        urgent = (bought["source"] == int(Source.URGENT)).to_numpy()
        area = bought["pair"].to_numpy() % self.areas
        index = np.where(urgent, len(makers) + area, bought["supplier"].to_numpy())
        return pl.concat([makers, local])[index]

    def positions(self, held: Sequence[Lot], lots: pl.DataFrame) -> pl.DataFrame:
        """What is left, in the columns of `DemoData.positions`."""
        left = pl.DataFrame({"index": [x.index for x in held], "on_hand": [x.left for x in held]})
        return left.join(lots, on="index", how="left", maintain_order="left").select(
            "sku",
            "batch",
            "location",
            pl.col("on_hand").cast(pl.Int64),
            self.when.days(pl.col("day")).alias("first_receipt_date"),
        )


def _lot_columns() -> dict[str, type[pl.DataType]]:
    whole = ("index", "pair", "number", "source", "day", "made", "expiry", "old_mrp_bp")
    return {**dict.fromkeys(whole, pl.Int64), "cause": pl.String}


def sale_batches(lines: pl.DataFrame, moves: pl.DataFrame) -> pl.Series:
    """For each line (columns pair, day, minute, invoice, line, quantity) the batch of its first piece.

    Sales of a pair's day and the movements that served them add up to the same pieces, so both are
    laid end to end and each line reads off where it starts. A return bears the batch it went to.
    """
    ordered = lines.with_row_index("row").sort("pair", "day", "minute", "invoice", "line")
    served = moves.filter(pl.col("kind") == int(Kind.SALE)).sort("pair", "move_day", maintain_order=True)
    sold = ordered.filter(pl.col("quantity") > 0)
    pieces = sold["quantity"].to_numpy().astype(np.int64)
    ends = np.cumsum(-served["quantity"].to_numpy())
    first = np.searchsorted(ends, np.cumsum(pieces) - pieces, side="right")
    taken = moves.filter(pl.col("kind") == int(Kind.RETURN)).select("pair", "move_day", "batch")
    back = ordered.filter(pl.col("quantity") < 0).join(
        taken, left_on=["pair", "day"], right_on=["pair", "move_day"], how="left"
    )
    found = pl.concat(
        [
            sold.select("row", served["batch"].gather(first).alias("batch")),
            back.select("row", "batch"),
        ]
    )
    return found.sort("row")["batch"]
