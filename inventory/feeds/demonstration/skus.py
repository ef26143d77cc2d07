"""Dresses each stock code of the source as an Indian SKU with a lawful price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from inventory.feeds.demonstration import source
from inventory.feeds.demonstration.calendar import LAST_DAY, Calendar
from inventory.feeds.demonstration.chance import stream
from inventory.feeds.demonstration.gst import Ints, RateCard, rate_card
from inventory.feeds.demonstration.identity import gstin
from inventory.feeds.demonstration.profiles import Profile
from vyapar.kernel.money import BASIS_POINTS

#: One penny of the source becomes thirty paise: the middle price is then about ₹60 a piece.
PAISE_PER_PENNY = 30
#: A SKU that the source never sells again, this many days before the run, counts as delisted.
DELISTED_AFTER_DAYS = 60
#: The outlet's margin on its price, and the distributor's on its price without GST.
_OUTLET_MARGIN_BP = (900, 2_000)
_OWN_MARGIN_BP = (900, 1_400)
_SIZES = (
    *(5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 80, 100, 120, 125, 150, 180, 200, 225, 250, 300),
    *(350, 400, 450, 500, 600, 700, 750, 800, 900, 1000, 1200, 1500, 2000, 2500, 3000, 4000),
    *(5000, 7500, 10000, 15000, 20000),
)
_COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30, 36, 40, 50, 60, 80, 100, 150, 200, 300)
_TAGS = ("", "Value Pack", "Family Pack", "Super Saver", "Twin Pack", "Party Pack", "Festive Pack")
#: Cubic centimetres per gram of packed goods, where they are far from those of water.
_BULK = {"Snacks": 6.0, "Biscuits and bakery": 2.4, "Breakfast": 2.6, "Baby and hygiene": 7.0}


@dataclass(frozen=True, slots=True)
class Range:
    """The SKUs of a distributor as frames and as arrays in the same order.

    `frame` has the columns of `Masters.skus` besides stock, supplier (index into `makers`) and
    department. `rates` is indexed by position in this order.
    """

    frame: pl.DataFrame
    makers: pl.DataFrame
    rates: RateCard

    def array(self, column: str) -> Ints:
        """A numeric column: (skus,)."""
        return self.frame[column].to_numpy().astype(np.int64)


def build_range(profile: Profile, lines: pl.DataFrame, when: Calendar, seed: int) -> Range:
    """SKUs for all stock numbers in `lines`, ordered by stock number.

    Codes, names, trade prices and MRPs depend on the source and the seed only, never on the day of
    the run; cost follows the GST rate of that day.
    """
    facts = _facts(lines)
    trade = facts["pence"].to_numpy().astype(np.int64) * PAISE_PER_PENNY
    kinds = _kinds(profile, trade, seed)
    goods = source.products()[kinds]
    card = rate_card(list(goods.select("hsn", "rate_item").iter_rows()), when.first, when.run_day)
    everything = np.arange(len(trade))
    today = np.full(len(trade), when.run_index)
    tax_bp = card.gst_on(everything, today) + card.cess_on(everything, today)
    mrp, cost = _prices(profile, trade, tax_bp, seed)
    makers = source.suppliers().with_columns(
        pl.struct("state_code", "pan")
        .map_elements(lambda r: gstin(r["state_code"], r["pan"]), return_dtype=pl.String)
        .alias("gstin")
    )
    named = _names(profile, goods, facts["stock"].to_list(), mrp, makers, seed)
    frame = facts.select("stock").hstack(named).hstack(goods.select("hsn", "rate_item", "uqc"))
    frame = frame.with_columns(
        goods["shelf_life_days"],
        pl.lit(True).alias("packed"),
        pl.Series("mrp_paise", mrp),
        pl.Series("trade_price_paise", trade),
        pl.Series("cost_paise", cost),
        pl.Series("case_pack", _case_packs(trade)),
    )
    return Range(_with_delisting(frame, facts, when, profile, seed), makers, card)


def _facts(lines: pl.DataFrame) -> pl.DataFrame:
    """Per stock number: its most usual price, first and last day of sale."""
    sold = lines.filter(pl.col("quantity") > 0)
    usual = sold.group_by("stock", "pence").len().sort("stock", "len", "pence")
    price = usual.group_by("stock", maintain_order=True).agg(pl.col("pence").last())
    span = sold.group_by("stock").agg(pl.col("day").min().alias("first"), pl.col("day").max().alias("last"))
    return price.join(span, on="stock").sort("stock")


def _kinds(profile: Profile, trade: Ints, seed: int) -> Ints:
    """For each SKU a row of the goods list whose usual prices hold its trade price."""
    goods = source.products()
    low, high = goods["min_paise"].to_numpy(), goods["max_paise"].to_numpy()
    weight = goods["weight"].to_numpy().astype(float)
    fits = (low <= trade[:, None]) & (trade[:, None] <= high)
    fits[~fits.any(axis=1)] = high == high.max()
    odds = np.cumsum(fits * weight, axis=1)
    draw = stream(seed, profile.key, "kinds").random(len(trade)) * odds[:, -1]
    return np.asarray((odds <= draw[:, None]).sum(axis=1), dtype=np.int64)


def _prices(profile: Profile, trade: Ints, tax_bp: Ints, seed: int) -> tuple[Ints, Ints]:
    """MRP (whole rupees, from ₹50 in steps of five) and cost (without GST, half-up), paise."""
    chance = stream(seed, profile.key, "margins")
    outlet = chance.integers(*_OUTLET_MARGIN_BP, len(trade))
    own = chance.integers(*_OWN_MARGIN_BP, len(trade))
    least = -(-trade * (BASIS_POINTS + outlet) // BASIS_POINTS)
    step = np.where(least < 5_000, 100, 500)
    divisor = BASIS_POINTS + tax_bp
    cost = (2 * trade * (BASIS_POINTS - own) + divisor) // (2 * divisor)
    return np.asarray(-(-least // step) * step), np.asarray(cost)


def _case_packs(trade: Ints) -> Ints:
    """Pieces to a case: the dearer, the fewer."""
    bounds = np.array([1_500, 4_000, 10_000, 25_000])
    return np.array([48, 24, 12, 12, 6], dtype=np.int64)[np.searchsorted(bounds, trade)]


def _names(
    profile: Profile, goods: pl.DataFrame, stocks: list[int], mrp: Ints, makers: pl.DataFrame, seed: int
) -> pl.DataFrame:
    """Code, name, brand, category, maker, weight and volume of each SKU; no name occurs twice."""
    chance = stream(seed, profile.key, "names")
    draws = chance.integers(0, 1 << 30, (len(stocks), 2))
    by_department = {
        name: (index, row["brands"].split("|"))
        for index, row in enumerate(makers.iter_rows(named=True))
        for name in row["departments"].split("|")
    }
    taken: set[str] = set()
    rows = []
    for good, stock, price, draw in zip(
        goods.iter_rows(named=True), stocks, mrp.tolist(), draws.tolist(), strict=True
    ):
        maker, brands = by_department[good["department"]]
        brand = brands[draw[0] % len(brands)]
        variants = good["variants"].split("|")
        size = _size(good, price)
        name = _free_name(brand, good, variants, draw[1], size, taken)
        rows.append(_described(good, stock, name, brand, maker, size))
    return pl.DataFrame(rows, orient="row")


def _free_name(
    brand: str, good: dict[str, Any], variants: list[str], start: int, size: int, taken: set[str]
) -> str:
    """The first name not yet taken: variants first, then kinds of pack."""
    label = _label(good["measure"], size)
    for step in range(len(_TAGS) * len(variants)):
        variant = variants[(start + step) % len(variants)]
        tag = _TAGS[step // len(variants)]
        name = " ".join(filter(None, (brand, good["category"], variant, tag, label)))
        if name not in taken:
            break
    else:
        name = f"{name} No. {len(taken)}"
    taken.add(name)
    return name


def _described(
    good: dict[str, Any], stock: int, name: str, brand: str, maker: int, size: int
) -> dict[str, object]:
    weight = size * 25 if good["measure"] == "pcs" else size
    weight = max(10, round(weight * 1.08))
    return {
        "sku": f"{good['code']}-{stock + 1:04d}",
        "name": name,
        "brand": brand,
        "category": good["code"],
        "department": good["department"],
        "supplier": maker,
        "weight_grams": weight,
        "volume_cc": round(weight * _BULK.get(good["department"], 1.3)),
    }


def _size(good: dict[str, Any], mrp: int) -> int:
    """The customary size nearest to what the price buys."""
    steps = _COUNTS if good["measure"] == "pcs" else _SIZES
    wanted = mrp / good["paise_per_unit"]
    return min(steps, key=lambda step: abs(step - wanted))


def _label(measure: str, size: int) -> str:
    if measure == "pcs":
        return f"{size} pcs"
    large, small = ("kg", "g") if measure == "g" else ("L", "ml")
    return f"{size / 1000:g} {large}" if size >= 1000 else f"{size} {small}"


def _with_delisting(
    frame: pl.DataFrame, facts: pl.DataFrame, when: Calendar, profile: Profile, seed: int
) -> pl.DataFrame:
    """Adds delisted_date and replaced_by, and the day number `last` of the last sale in the source.

    A SKU is delisted when the source stops selling it for good long before the run; its successor
    is the SKU of its category that the source began to sell nearest to that day.
    """
    last = facts["last"].to_numpy().astype(np.int64)
    first = facts["first"].to_numpy().astype(np.int64)
    gone = (last < when.run_index - DELISTED_AFTER_DAYS) & (last < LAST_DAY)
    notice = last + stream(seed, profile.key, "notices").integers(3, 20, len(last))
    category = frame["category"].to_numpy()
    codes = frame["sku"].to_list()
    heirs: list[str | None] = []
    for index in range(len(last)):
        gap = np.abs(first - last[index])
        heir = (category == category[index]) & ~gone & (first > 0) & (gap <= 150)
        found = gone[index] and heir.any()
        heirs.append(codes[int(np.where(heir, gap, 10_000).argmin())] if found else None)
    days = [when.day(n) if is_gone else None for n, is_gone in zip(notice, gone, strict=True)]
    return frame.with_columns(
        pl.Series("delisted_date", days, dtype=pl.Date),
        pl.Series("replaced_by", heirs, dtype=pl.String),
        pl.Series("last", last),
        pl.Series("first", first),
    )


def brands(makers: pl.DataFrame) -> pl.DataFrame:
    """One row per brand with its maker."""
    split = makers.with_columns(pl.col("brands").str.split("|")).explode("brands")
    return split.select(
        pl.col("brands").alias("name"),
        pl.col("name").alias("supplier_name"),
        pl.col("gstin").alias("supplier_gstin"),
    )


def categories() -> pl.DataFrame:
    """The category tree: departments, and the kinds of goods under them."""
    goods = source.products()
    roots = goods.select("department").unique(maintain_order=True)
    slug = pl.col("department").str.to_uppercase().str.replace_all(r"[^A-Z]+", "-")
    top = roots.select(
        slug.alias("code"), pl.lit(None, pl.String).alias("parent"), pl.col("department").alias("name")
    )
    return pl.concat([top, goods.select("code", slug.alias("parent"), pl.col("category").alias("name"))])
