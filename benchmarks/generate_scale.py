"""How fast the demonstration's rule plays a large distributor: lines per second and peak memory.

    python -m benchmarks.generate_scale [--outlets 5000] [--lines 25000000] [--run-day 2026-11-23]

Prints one line per month and ends with one JSON line. The peer is the plainest thing that could be
done with the same lines: writing each as a row of CSV with the standard library.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import resource
import time
from collections import Counter
from datetime import date

import polars as pl

from inventory.feeds.demonstration import scale

GOAL_LINES_PER_SECOND = 100_000
_PEER_LINES = 200_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outlets", type=int, default=5_000)
    parser.add_argument("--lines", type=int, default=25_000_000)
    parser.add_argument("--run-day", type=date.fromisoformat, default=date(2026, 11, 23))
    arguments = parser.parse_args()
    started = time.perf_counter()
    scaled = scale(arguments.run_day, outlets=arguments.outlets, lines=arguments.lines)
    rows: Counter[str] = Counter()
    sample = pl.DataFrame()
    for month in scaled.months():
        for name in ("sales", "batches", "purchases", "movements"):
            rows[name] += len(getattr(month.ledger, name))
        sample = month.ledger.sales if sample.is_empty() else sample
        print(f"{month.first_date} to {month.last_date}: {len(month.ledger.sales):,} lines")
    seconds = time.perf_counter() - started
    value = rows["sales"] / seconds
    print(
        json.dumps(
            {
                "name": "generate_scale",
                "value": round(value),
                "unit": "lines/s",
                "ratio": round(value / csv_lines_per_second(sample.head(_PEER_LINES)), 2),
                "against": "the same lines written by csv.writer",
                "goal": GOAL_LINES_PER_SECOND,
                "seconds": round(seconds, 1),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "positions": len(scaled.positions()),
                **rows,
            }
        )
    )


def csv_lines_per_second(sales: pl.DataFrame) -> float:
    """Lines per second of the plain peer, writing to memory."""
    lines = sales.drop("gst_details").rows()
    started = time.perf_counter()
    csv.writer(io.StringIO()).writerows(lines)
    return len(lines) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
