"""How fast the demonstration's rule plays a large distributor: lines per second and peak memory.

    bin/bench generate_scale        (VYAPAR_BENCH_LINES: how many lines of sales, 25 million)

The peer is the plainest thing that could be done with the same lines: writing each as a row of CSV with
the standard library.
"""

from __future__ import annotations

import csv
import io
import os
import resource
import sys
import time
from collections import Counter
from datetime import date
from typing import Any

import polars as pl

from inventory.feeds.demonstration import scale

LINES = int(os.environ.get("VYAPAR_BENCH_LINES", 25_000_000))
OUTLETS, RUN_DAY = 5_000, date(2026, 11, 23)
GOAL_LINES_PER_SECOND = 100_000
_PEER_LINES = 200_000


def run() -> dict[str, Any]:
    """Lines of sales a second, a month at a time, against CSV of some of the same; told month by month."""
    started = time.perf_counter()
    scaled = scale(RUN_DAY, outlets=OUTLETS, lines=LINES)
    rows: Counter[str] = Counter()
    sample = pl.DataFrame()
    for month in scaled.months():
        for name in ("sales", "batches", "purchases", "movements"):
            rows[name] += len(getattr(month.ledger, name))
        sample = month.ledger.sales if sample.is_empty() else sample
        sys.stderr.write(f"{month.first_date} to {month.last_date}: {len(month.ledger.sales):,} lines\n")
    seconds = time.perf_counter() - started
    value = rows["sales"] / seconds
    return {
        "name": "generate_scale",
        "value": round(value),
        "unit": "lines/s",
        "ratio": round(value / csv_lines_per_second(sample.head(_PEER_LINES)), 2),
        "against": "the same lines written by csv.writer",
        "goal": GOAL_LINES_PER_SECOND,
        "met": value >= GOAL_LINES_PER_SECOND,
        "seconds": round(seconds, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "positions": len(scaled.positions()),
        **rows,
    }


def csv_lines_per_second(sales: pl.DataFrame) -> float:
    """Lines per second of the plain peer, writing to memory."""
    lines = sales.drop("gst_details").rows()
    started = time.perf_counter()
    csv.writer(io.StringIO()).writerows(lines)
    return len(lines) / (time.perf_counter() - started)
