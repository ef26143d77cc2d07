"""Who will not sell in 90 days, on real wholesale demand: the learnt chance beside two plain rules.

    bin/bench dead_in_90
    python -m benchmarks.dead_in_90 FILE --cuts 240 300 360

FILE is anybody's sales, CSV or Parquet with the columns `sku`, `outlet`, `day` (a date), `quantity` and
`paid` for all of it; `--cuts` are mornings, days after the first.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks._anybodys import read_sales
from inventory.contracts.history import SalesHistory
from inventory.contracts.prediction import LEVELS, PredictionPolicy
from inventory.risk.features import sells_within
from inventory.risk.predict import chances, features, judge, judged_rules, learn, rule_scores

INVOICES = Path(__file__).parent.parent / "inventory/feeds/demonstration/data/wholesale.parquet"
#: Mornings on which the chances are told; the 90 days after are known to the judge alone.
CUTS = (460, 520, 580, 640)
DAYS = 90
_WHAT = ("auc", "ap")
#: The rules to be beaten, and how often rows are drawn anew to tell a lead from chance.
_RULES, _DRAWS = ("idle", "few_orders"), 200


def history_of(lines: pl.DataFrame, days: int) -> SalesHistory:
    """What was known on the morning of day `days`; every SKU in one territory. Returns are left out."""
    known = lines.filter(pl.col("day") < days)
    visits = (
        known.group_by("stock", "customer", "day")
        .agg(pl.col("quantity").sum(), (pl.col("quantity") * pl.col("pence")).sum().alias("paise"))
        .sort("stock", "customer", "day")
    )
    pairs = visits.select("stock", "customer").unique().sort("stock", "customer").with_row_index("pair")
    visits = visits.join(pairs, on=["stock", "customer"], how="left").sort("pair", "day")
    items = int(lines["stock"].to_numpy().max()) + 1
    return SalesHistory(
        days=days,
        outlets=int(lines["customer"].to_numpy().max()) + 1,
        item_group=np.zeros(items, np.int32),
        pair_item=pairs["stock"].to_numpy(),
        pair_outlet=pairs["customer"].to_numpy(),
        visit_pair=visits["pair"].to_numpy(),
        visit_day=visits["day"].to_numpy(),
        visit_pieces=visits["quantity"].to_numpy(),
        visit_paise=visits["paise"].to_numpy(),
    )


def judged(lines: pl.DataFrame, cut: int, level: str) -> dict[str, Any]:
    """The learnt chance and both rules on one morning."""
    started = time.monotonic()
    past, whole = history_of(lines, cut), history_of(lines, cut + DAYS)
    learnt = learn(past, level, PredictionPolicy(), cut, (DAYS,))
    known = features(past, level, cut)
    told = chances(learnt, known)[:, -1]
    sold = _sold(whole, past, cut, level)
    outcome = ~sold[known.rows]
    found = judge(told, outcome)
    rules = judged_rules(known, outcome)
    leads = _leads(told, rule_scores(known), outcome, cut) if 0 < found.cases < found.rows else {}
    return {
        "cut": cut, "level": level, "method": learnt.horizons[-1].method, "rows": found.rows,
        "share": round(found.cases / found.rows, 3), "auc": round(found.auc, 4), "ap": round(found.ap, 4),
        "brier": round(found.brier, 4), "off": round(found.off, 4),
        **{f"{name}_{what}": round(getattr(one, what), 4) for name, one in rules.items() for what in _WHAT},
        "leads": leads,
        "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip


def _leads(
    told: np.ndarray, rules: dict[str, np.ndarray], outcome: np.ndarray, seed: int
) -> dict[str, list[float]]:
    """By rule and measure, between what lies the chance's lead over the rule in 95 of 100 draws of the rows
    with replacement (Efron's bootstrap; both are judged on the same draw).
    """
    chance = np.random.default_rng(seed)
    measures = dict(zip(_WHAT, (roc_auc_score, average_precision_score), strict=True))
    draws: dict[str, list[float]] = {}
    for _ in range(_DRAWS):
        some = chance.integers(0, outcome.size, outcome.size)
        if outcome[some].all() or not outcome[some].any():
            continue
        for what, measure in measures.items():
            mine = measure(outcome[some], told[some])
            for rule in _RULES:
                lead = mine - measure(outcome[some], rules[rule][some])
                draws.setdefault(f"{rule}_{what}", []).append(lead)
    return {name: np.quantile(found, (0.025, 0.975)).round(4).tolist() for name, found in draws.items()}


def _sold(whole: SalesHistory, past: SalesHistory, cut: int, level: str) -> np.ndarray:
    """Outcomes of the past's items or pairs, from a history that goes on after it."""
    found = sells_within(whole, cut, DAYS, pairs=level == "outlet")
    if level == "item":
        return found
    stride = whole.outlets
    keys = whole.pair_item.astype(np.int64) * stride + whole.pair_outlet
    mine = past.pair_item.astype(np.int64) * stride + past.pair_outlet
    return found[np.searchsorted(keys, mine)]


def carried() -> pl.DataFrame:
    """The invoices that the demonstration is made of."""
    lines = pl.read_parquet(INVOICES).filter((pl.col("distributor") == 0) & (pl.col("quantity") > 0))
    return lines.with_columns(pl.col("stock", "customer", "quantity", "pence").cast(pl.Int64))


def sales(path: str) -> pl.DataFrame:
    """Sales of anybody's in the columns of those invoices."""
    return read_sales(path).select(
        (pl.col("sku").rank("dense") - 1).cast(pl.Int64).alias("stock"),
        (pl.col("outlet").rank("dense") - 1).cast(pl.Int64).alias("customer"),
        "day",
        "quantity",
        (pl.col("paid") / pl.col("quantity")).round().cast(pl.Int64).alias("pence"),
    )


def run(lines: pl.DataFrame | None = None, cuts: Sequence[int] = CUTS) -> dict[str, Any]:
    """Every morning and level, each told on stderr; of the invoices carried here where none are given."""
    lines = carried() if lines is None else lines
    rows = []
    for level, cut in product(LEVELS, cuts):
        found = judged(lines, cut, level)
        sys.stderr.write(json.dumps(found) + "\n")
        if not np.isnan(found["auc"]):  # all sold or none did: nothing to rank
            rows.append(found)
    gain = [min(row[w] - row[f"{r}_{w}"] for r in _RULES for w in _WHAT) for row in rows]
    leads = [between for row in rows for between in row["leads"].values()]
    outlet = [row for row in rows if row["level"] == "outlet"]
    value = float(np.mean([row["ap"] for row in outlet]))
    rule = float(np.mean([max(row["idle_ap"], row["few_orders_ap"]) for row in outlet]))
    return {
        "name": "dead_in_90", "value": round(value, 4), "unit": "average precision, outlet x SKU",
        "ratio": round(value / rule, 4), "against": "the better of days since last sale and few orders",
        "goal": "above both rules in AUC and average precision on every morning",
        "least_gain": round(min(gain), 4), "wins": sum(g > 0 for g in gain), "of": len(gain),
        "leads_beyond_chance": sum(low > 0 for low, _ in leads),
        "losses_beyond_chance": sum(high < 0 for _, high in leads), "of_leads": len(leads),
        "mornings": rows,
    }  # fmt: skip


if __name__ == "__main__":
    asking = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asking.add_argument("file", nargs="?", metavar="FILE")
    asking.add_argument("--cuts", type=int, nargs="+", default=CUTS)
    given = asking.parse_args()
    print(json.dumps(run(sales(given.file) if given.file else None, given.cuts)))
