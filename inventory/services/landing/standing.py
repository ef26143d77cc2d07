"""Landing of stock statements: compared with the book, only differences are booked, and never blindly."""

from __future__ import annotations

import json
from datetime import datetime

import polars as pl

from inventory.services.landing.buying import find_places
from inventory.services.landing.findings import Findings, Verdict, conclude
from inventory.services.landing.goods import (
    add_up,
    find_skus,
    join_batches,
    name_batches,
    new_batches,
    warn_of_batches,
)
from inventory.services.landing.known import Known
from inventory.services.staging import frame_of, rows
from vyapar.kernel.phrases import again, listed
from vyapar.kernel.phrases import phrase as _

# What the book says of each line's position now, how much of that came after the statement, and
# whether anything ever stood or moved there.
_POSITIONS = """
SELECT w.n, coalesce(p.on_hand, 0), coalesce(p.reserved, 0), coalesce(m.since, 0),
       p.id IS NOT NULL OR m.since IS NOT NULL
FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) WITH ORDINALITY w(batch_id, location_id, as_of, n)
LEFT JOIN inventory_position p ON p.batch_id = w.batch_id AND p.location_id = w.location_id
LEFT JOIN LATERAL (SELECT coalesce(sum(quantity) FILTER (WHERE at > w.as_of), 0)::bigint AS since
                   FROM inventory_movement m
                   WHERE m.batch_id = w.batch_id AND m.location_id = w.location_id
                   HAVING count(*) > 0) m ON true
ORDER BY w.n
"""
_HOLDERS = """
SELECT w.n, a.number, a.title, a.words ->> 'title', r.quantity
FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY w(batch_id, location_id, n)
JOIN inventory_position p ON p.batch_id = w.batch_id AND p.location_id = w.location_id
JOIN inventory_reservation r ON r.position_id = p.id AND r.released_at IS NULL
JOIN engine_action a ON a.id = r.action_id
ORDER BY w.n, r.held_at, r.id
"""


def judge_stock(found: Findings, known: Known, at: datetime) -> Verdict:
    """A line's `difference` is what must be booked at `as_of` so that the book says what it says.

    What moved after the statement stays: the statement speaks of its own instant.
    """
    goods = find_skus(found, known)
    find_places(found, known)
    name_batches(found)
    now = pl.lit(at).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    found.lines = found.lines.with_columns(pl.col("as_of").fill_null(now))
    _keep_latest(found)
    negative = found.lines.filter(pl.col("quantity") < 0)
    add_up(found, ["sku", "batch", "location"], ["quantity"])
    join_batches(found, known, goods)
    warn_of_batches(found)
    _compare(found, known)
    _check_holds(found)
    lines = found.lines.with_columns(
        pl.col("as_of").dt.convert_time_zone("Asia/Kolkata").dt.date().alias("day")
    )
    differs = pl.col("difference") != 0
    new, changed = lines.filter(differs & ~pl.col("existed")), lines.filter(differs & pl.col("existed"))
    same = int(lines.filter(~differs)["rows"].sum())
    extra = {"batches": new_batches(pl.concat([new, changed]))}
    figures = {
        "negative_rows": negative.height,
        "negative_pieces": -int(negative["quantity"].sum()),
        "opened_pieces": int(new["difference"].sum()),
        "adjusted_pieces": int(changed["difference"].sum()),
    }
    if known.promised is not None:
        _promise(pl.concat([new, changed]), extra["batches"], known)
    return conclude(found, new, changed, same, day="day", extra=extra, figures=figures)


def _keep_latest(found: Findings) -> None:
    """Of several statements of one position, the latest counts."""
    key = ["sku", "batch", "location"]
    latest = pl.col("as_of") == pl.col("as_of").max().over(key)
    message = _("the same sheet has a later statement of this position; send each day's statement by itself")
    found.reject("as_of", "stated_again", message, ~latest)


def _compare(found: Findings, known: Known) -> None:
    asked = found.lines.select("batch_id", "location_id", "as_of")
    schema = {
        "n": pl.Int64,
        "on_hand": pl.Int64,
        "reserved": pl.Int64,
        "since": pl.Int64,
        "existed": pl.Boolean,
    }
    values = [asked[name].to_list() for name in asked.columns]
    book = frame_of(_POSITIONS, schema, values).drop("n")
    lines = pl.concat([found.lines, book], how="horizontal")
    moved = known.promised_of("moved")
    if moved.height:
        lines = _with_promised(lines, moved)
    stated = pl.max_horizontal(pl.col("quantity"), 0)
    found.lines = lines.with_columns((stated - (pl.col("on_hand") - pl.col("since"))).alias("difference"))


def _with_promised(lines: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    """Positions as they will be once what was promised has moved."""
    keyed = lines.with_row_index("n").select("n", "batch_id", "location_id", "as_of")
    sums = keyed.join(moved, on=["batch_id", "location_id"], how="inner").group_by("n").agg(
        pl.col("quantity").sum().alias("came"),
        pl.col("quantity").filter(pl.col("at") > pl.col("as_of")).sum().alias("later"),
    )  # fmt: skip
    lines = lines.with_row_index("n").join(sums, on="n", how="left", maintain_order="left")
    return lines.with_columns(
        (pl.col("on_hand") + pl.col("came").fill_null(0)).alias("on_hand"),
        (pl.col("since") + pl.col("later").fill_null(0)).alias("since"),
        (pl.col("existed") | pl.col("came").is_not_null()).alias("existed"),
    ).drop("n", "came", "later")  # fmt: skip


def _check_holds(found: Findings) -> None:
    """A statement may not take away what actions hold, nor what was sold since."""
    left = pl.col("on_hand") + pl.col("difference")
    sold = left < 0
    message = _("more was sold or moved since this statement than it leaves; send a newer statement")
    found.reject("quantity", "sold_since", message, sold)
    held = found.lines.filter(left < pl.col("reserved"))
    holders: dict[int, list[str]] = {}
    if held.height:
        for n, number, title, words, pieces in rows(
            _HOLDERS, [held["batch_id"].to_list(), held["location_id"].to_list()]
        ):
            told = again(title, json.loads(words or "[]"))
            holder = _(
                "action %(number)s (%(title)s) holds %(pieces)s", number=number, title=told, pieces=pieces
            )
            holders.setdefault(n, []).append(holder)
    for n, line in enumerate(held.iter_rows(named=True), 1):
        names = holders.get(n, [])
        message = _(
            "%(sku)s batch %(batch)s at %(place)s: %(held)s pieces are held, %(left)s would be left: "
            "%(names)s; decide these first",
            sku=line["sku"], batch=line["batch"], place=line["location"], held=line["reserved"],
            left=line["on_hand"] + line["difference"], names=listed(names, ", "),
        )  # fmt: skip
        found.fault(line["row"], "quantity", "held", message, line["quantity"])
    found.lines = found.lines.filter(left >= pl.col("reserved"))


def _promise(lines: pl.DataFrame, batches: pl.DataFrame, known: Known) -> None:
    promised = known.promised
    assert promised is not None
    promised.keep("batches", batches)
    ids = known.batches(lines["sku"]).select("sku", "batch", pl.col("id").alias("fresh"))
    moved = lines.join(ids, on=["sku", "batch"], how="left").with_columns(
        pl.coalesce("batch_id", "fresh").alias("batch_id"), pl.col("difference").alias("quantity"),
        pl.col("as_of").alias("at"),
    )  # fmt: skip
    promised.keep("moved", moved)
