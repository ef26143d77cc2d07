"""New sales of goods past their last day, or with less life than the rules ask: told once a landing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import polars as pl

from inventory.contracts import DEFAULT_CHANNEL, LifeRules
from inventory.contracts.expired import ExpiredSale, ExpiredStockSold, PastSalesExpired, ShortLifeSold
from inventory.services.groups import Numbers
from inventory.services.landing.errand import Errand
from inventory.services.staging import frame_of
from inventory.services.telling import emit_many
from vyapar.engine.selectors import get_policy
from vyapar.kernel.calendar import ist_day

#: Sales that come later than this are history: goods sold then are eaten or thrown away.
FRESH_DAYS = 30
#: What an expired batch gave because nothing else stood there; see `Consumption.lapsed`.
LAPSED: dict[str, pl.DataType | type[pl.DataType]] = {
    "batch_id": pl.Int64, "sku_id": pl.Int64, "territory_id": pl.Int64, "sold_on": pl.Date,
    "quantity": pl.Int64,
}  # fmt: skip
_DAY = ["sku_id", "territory_id", "sold_on"]
_BATCHES = """
SELECT b.id, s.code, b.number, b.expiry_date, b.expiry_date - b.manufacture_date, EXISTS (
    SELECT 1 FROM inventory_position p JOIN inventory_reservation r ON r.position_id = p.id
    WHERE p.batch_id = b.id AND r.purpose = 'offer')
FROM inventory_batch b JOIN inventory_sku s ON s.id = b.sku_id
WHERE b.id = ANY(%s::bigint[]) AND b.expiry_date IS NOT NULL
"""
_BATCH_TYPES = {
    "batch_id": pl.Int64, "code": pl.String, "number": pl.String, "expiry_date": pl.Date,
    "whole": pl.Int64, "offered": pl.Boolean,
}  # fmt: skip
_OUTLETS = """
SELECT r.id, r.retailer_id, r.name, t.code FROM inventory_retailer r
JOIN inventory_territory t ON t.id = r.territory_id WHERE r.id = ANY(%s::bigint[])
"""
_OUTLET_TYPES = {"retailer_id": pl.Int64, "shop": pl.String, "outlet": pl.String, "home": pl.String}


_CHOOSY = """
SELECT r.id, r.retailer_id, r.trade_channel, r.minimum_life_days FROM inventory_retailer r
WHERE NOT r.trade_channel = 'general_trade' OR r.minimum_life_days IS NOT NULL
"""
_CHOOSY_TYPES = {
    "retailer_id": pl.Int64, "shop": pl.String, "trade_channel": pl.String, "own": pl.Int64,
}  # fmt: skip


def tell_outdated(new: pl.DataFrame, lapsed: pl.DataFrame, errand: Errand) -> None:
    """Tell of new sales of goods past their last day, or with less life than the rules ask.

    `new`: judged sales; `lapsed`: see `LAPSED`. Of what was sold longer ago than `FRESH_DAYS` only the
    count is told. What an errand tells of a batch has one subject, however many parcels it comes in;
    without an import, the subject is of its source and Indian day. In the transaction of the sales.
    """
    named = new.filter(pl.col("batch_id").is_not_null() & (pl.col("quantity") > 0))
    asked = pl.concat([named["batch_id"].unique(), lapsed["batch_id"].unique()]).unique()
    if asked.is_empty():
        return
    batches = frame_of(_BATCHES, _BATCH_TYPES, [asked.to_list()])
    past = (pl.col("sold_on") - pl.col("expiry_date")).dt.total_days().cast(pl.Int64).alias("past")
    named = named.join(batches, on="batch_id").with_columns(past)
    fresh = pl.col("sold_on") >= ist_day(errand.at) - timedelta(days=FRESH_DAYS)
    expired = named.filter(pl.col("past") > 0)
    taken = lapsed.join(batches, on="batch_id").with_columns(past)
    _tell_expired(expired.filter(fresh), taken.filter(fresh), new, errand)
    _tell_past(pl.concat([one.filter(~fresh).select(_COUNTED) for one in (expired, taken)]), errand)
    _tell_short(named.filter(fresh & (pl.col("past") <= 0) & ~pl.col("offered")), errand)


def lapsed_of(given: Mapping[str, Numbers], named: pl.DataFrame | None) -> pl.DataFrame:
    """What expired batches gave, of `Given.lapsed` and of what lines that name a place took."""
    frames = [] if named is None else [named]
    if given:
        frames.append(
            pl.DataFrame(dict(given)).select(
                pl.col(name).cast(pl.Int32 if kind == pl.Date else kind).cast(kind)
                for name, kind in LAPSED.items()
            )
        )
    whole = pl.concat([pl.DataFrame(schema=LAPSED), *frames])
    return whole.group_by("batch_id", *_DAY, maintain_order=True).agg(pl.col("quantity").sum())


def _tell_expired(named: pl.DataFrame, taken: pl.DataFrame, new: pl.DataFrame, errand: Errand) -> None:
    plain = new.filter(pl.col("batch_id").is_null() & (pl.col("quantity") > 0))
    maybe = taken.rename({"quantity": "taken"}).join(plain.drop("batch_id"), on=_DAY)
    shops = pl.concat([named["retailer_id"], maybe["retailer_id"]]).unique()
    if shops.is_empty():
        return
    outlets = frame_of(_OUTLETS, _OUTLET_TYPES, [shops.to_list()])
    told = [
        *_events(named.join(outlets, on="retailer_id"), errand, is_named=True),
        *_events(maybe.join(outlets, on="retailer_id"), errand, is_named=False),
    ]
    emit_many(
        ((subject_of(f"batch:{one.sku}/{one.batch}", errand), one) for one in told),
        actor=errand.actor, at=errand.at,
    )  # fmt: skip


def subject_of(what: str, errand: Errand) -> str:
    """`what`, and by which import it came; without one, from which source and on which Indian day."""
    whence = f"import:{errand.number}" if errand.number else f"{errand.source}:{ist_day(errand.at)}"
    return f"{what}@{whence}"[:200]


def _events(lines: pl.DataFrame, errand: Errand, *, is_named: bool) -> Iterator[ExpiredStockSold]:
    """One event a batch; `lines`: with what their batch and their outlet are called."""
    order = ["code", "number", "sold_on", "transaction_id", "line"]
    for part in lines.sort(order).partition_by("batch_id", maintain_order=True):
        first = part.row(0, named=True)
        sold = int(part["quantity"].sum())
        worth = int((part["quantity"].cast(pl.Int64) * part["unit_price_paise"]).sum())
        pieces = sold if is_named else int(part.unique([*_DAY])["taken"].sum())
        yield ExpiredStockSold(
            sku=first["code"], batch=first["number"], expiry_date=first["expiry_date"], named=is_named,
            quantity=pieces, days_past_expiry=int(part["past"].to_numpy().max()),
            value_paise=worth * pieces // sold,
            sales=tuple(_line(row) for row in part.head(ExpiredStockSold.MOST).iter_rows(named=True)),
            more=max(part.height - ExpiredStockSold.MOST, 0), import_number=errand.number,
        )  # fmt: skip


def _line(row: dict[str, object]) -> ExpiredSale:
    names = ("transaction_id", "line", "shop", "outlet", "home", "sold_on", "quantity", "past")
    return ExpiredSale(*(row[name] for name in names))  # type: ignore[arg-type]


_COUNTED = ["batch_id", "sold_on", pl.col("quantity").cast(pl.Int64)]


def _tell_past(lines: pl.DataFrame, errand: Errand) -> None:
    lines = lines.filter(pl.col("quantity") > 0)
    if lines.is_empty():
        return
    days = lines["sold_on"].sort()
    told = PastSalesExpired(
        lines.height, int(lines["quantity"].sum()), lines["batch_id"].n_unique(), days[0], days[-1],
        errand.number,
    )  # fmt: skip
    emit_many([(subject_of("sales", errand), told)], actor=errand.actor, at=errand.at)


def _least(rules: LifeRules) -> pl.Expr:
    """Life that the buyer of a line wants: his own word, or his channel's rule (see `LifeRules.least`)."""
    channel = pl.col("trade_channel").fill_null(DEFAULT_CHANNEL)
    days = channel.replace_strict(rules.days, default=rules.days[DEFAULT_CHANNEL], return_dtype=pl.Int64)
    share = channel.replace_strict(rules.share_bp, default=None, return_dtype=pl.Int64)
    part = -((-pl.col("whole") * share) // 10_000)
    return pl.coalesce("own", pl.min_horizontal(days, part)).alias("least")


def _tell_short(lines: pl.DataFrame, errand: Errand) -> None:
    policy, _version = get_policy("monitoring", ist_day(errand.at))
    choosy = frame_of(_CHOOSY, _CHOOSY_TYPES)
    lines = lines.join(choosy, on="retailer_id", how="left").with_columns(_least(policy.life_rules))
    lacks = pl.col("least") + pl.col("past")
    short = lines.filter(lacks > 0).sort(
        lacks, "past", "code", "number", "transaction_id", "line",
        descending=[True, True, False, False, False, False],
    )  # fmt: skip
    if short.is_empty():
        return
    worst = short.row(0, named=True)
    told = ShortLifeSold(
        short.height, int(short["quantity"].sum()), short["batch_id"].n_unique(), worst["least"],
        worst["code"], worst["number"], -worst["past"], errand.number,
        trade_channel=worst["trade_channel"] or DEFAULT_CHANNEL, retailer_id=worst["shop"] or "",
        alike=short["least"].n_unique() == 1,
    )  # fmt: skip
    emit_many([(subject_of("sales", errand), told)], actor=errand.actor, at=errand.at)
