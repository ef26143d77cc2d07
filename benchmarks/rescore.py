"""Rescoring 2.5 million positions, and one in a hundred of them, against writing the result.

    bin/bench rescore

500 SKUs at 5,000 outlets in 30 territories. A full pass is a Monitoring cycle as the house runs it, part
after part in one process: it reads the book, walks it, prices every way out of what is at risk, and
records items, risks, sums, events and the cycle. The limit is the plain binary COPY of the rows that it
recorded into tables without an index. A changed pass is the cycle after one SKU in a hundred was sold.

Beside it, far simpler scores of the same positions: an UPDATE in place in SQL, and pandas (rows read by
the driver, written back by COPY), on a tenth of the SKUs and scaled up.
"""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks._stock import SKUS, stocked

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
RUNS = 1
GOAL_OF_COPY, GOAL_CHANGED, GOAL_GIGABYTES = 4.0, 0.2, 3.0
RESULT = ("inventory_stockitem", "inventory_batchrisk")


def run() -> dict[str, Any]:
    """Medians: seconds of a full pass over the COPY of its result; a changed pass over a full one."""
    with stocked("bench-rescore"):
        return measure()


def measure() -> dict[str, Any]:
    """Runs interleaved, the first of them warming up the database's memory."""
    seconds: dict[str, list[float]] = {"full": [], "copy": [], "changed": []}
    positions = some = 0
    for turn in range(RUNS + 1):
        at = NOW + timedelta(days=turn)
        full, positions = cycle(at)
        limit = copy_result()
        sell_some(turn)
        changed, some = cycle(at + timedelta(minutes=1))
        if turn:
            for name, value in (("full", full), ("copy", limit), ("changed", changed)):
                seconds[name].append(value)
    full, limit, changed = (statistics.median(seconds[name]) for name in ("full", "copy", "changed"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    peers = {"sql_update": timed(update_in_sql), "pandas": timed(score_in_pandas) * 10}
    return {
        "name": "rescore",
        "value": round(positions / full),
        "unit": "positions/s",
        "ratio": round(full / limit, 2),
        "against": "binary COPY of the result alone (lower is better)",
        "goal": GOAL_OF_COPY,
        "met": full <= GOAL_OF_COPY * limit and changed <= GOAL_CHANGED * full and peak < GOAL_GIGABYTES,
        "changed_over_full": round(changed / full, 3),
        "goal_changed_over_full": GOAL_CHANGED,
        "peak_gigabytes": round(peak, 2),
        "goal_gigabytes": GOAL_GIGABYTES,
        "positions": positions,
        "positions_changed": some,
        "seconds": {"full": round(full, 2), "copy": round(limit, 2), "changed": round(changed, 2)},
        "seconds_of_simpler_scores": {name: round(value, 1) for name, value in peers.items()},
    }


def cycle(at: datetime) -> tuple[float, int]:
    """Seconds of one cycle, and the positions it looked at."""
    from vyapar.engine.services import run_cycle

    start = time.perf_counter()
    done = run_cycle("monitoring", at, at=at)
    if done is None or done.state != "done":
        raise ValueError("there was nothing to score")
    return time.perf_counter() - start, int(done.counts["positions"])


def copy_result() -> float:
    """Seconds of the recorded rows' way into bare tables, their bytes fetched before."""
    from django.db import connection, transaction

    took = 0.0
    with transaction.atomic(), connection.cursor() as cursor:
        for table in RESULT:
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as pipe:
                rows = b"".join(bytes(part) for part in pipe)
            cursor.execute(f"CREATE TABLE bare AS SELECT * FROM {table} WHERE false")
            start = time.perf_counter()
            with cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as pipe:
                for at in range(0, len(rows), 1 << 20):
                    pipe.write(rows[at : at + (1 << 20)])
            took += time.perf_counter() - start
            cursor.execute("DROP TABLE bare")
    return took


def sell_some(turn: int) -> None:
    """One SKU in a hundred loses a piece at one outlet."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inventory_position SET changes = changes + 1 WHERE id IN "
            "(SELECT min(id) FROM inventory_position WHERE sku_id %% 100 = %s GROUP BY sku_id)",
            [turn % 100],
        )


def timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def update_in_sql() -> None:
    """Days to expiry, and a share unsold by cover alone, written where they stand; taken back."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_UPDATE)
        transaction.set_rollback(True)


_UPDATE = """
UPDATE inventory_batchrisk r SET days_to_expiry = q.days, expected_unsold = q.unsold,
    at_risk_quantity = round(q.unsold), at_risk_paise = round(q.unsold) * q.cost_paise
FROM (SELECT p.id, b.cost_paise, b.expiry_date - DATE '2026-11-23' AS days,
             least(p.on_hand, greatest(0, sum(p.on_hand) OVER w
                 - f.weekly_mean[1] / 7 * (b.expiry_date - DATE '2026-11-23'))) AS unsold
      FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id
      JOIN inventory_location l ON l.id = p.location_id
      JOIN inventory_demandforecast f ON f.sku_id = p.sku_id AND f.territory_id = l.territory_id
      WINDOW w AS (PARTITION BY p.sku_id, l.territory_id ORDER BY b.expiry_date, p.id)) q
WHERE q.id = r.position_id
"""


def score_in_pandas() -> None:
    """The same share in pandas, for a tenth of the SKUs."""
    import pandas as pd
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_READ, [SKUS // 10])
        frame = pd.DataFrame(
            cursor.fetchall(), columns=["id", "sku", "territory", "on_hand", "cost", "days", "mean"]
        )
        frame = frame.sort_values(["sku", "territory", "days", "id"])
        behind = frame.groupby(["sku", "territory"])["on_hand"].cumsum()
        left = (behind - frame["mean"] / 7 * frame["days"]).clip(lower=0)
        frame["unsold"] = left.clip(upper=frame["on_hand"])
        frame["paise"] = frame["unsold"].round().astype("int64") * frame["cost"]
        body = frame[["id", "days", "unsold", "paise"]].to_csv(index=False, header=False)
        cursor.execute("CREATE TEMP TABLE scored (id bigint, days int, unsold float, paise bigint)")
        with cursor.copy("COPY scored FROM STDIN (FORMAT CSV)") as pipe:
            pipe.write(body)
        transaction.set_rollback(True)


_READ = """
SELECT p.id, p.sku_id, l.territory_id, p.on_hand, b.cost_paise, b.expiry_date - DATE '2026-11-23',
       f.weekly_mean[1]
FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_location l ON l.id = p.location_id
JOIN inventory_demandforecast f ON f.sku_id = p.sku_id AND f.territory_id = l.territory_id
WHERE p.sku_id <= (SELECT min(id) - 1 + %s FROM inventory_sku)
"""


if __name__ == "__main__":
    print(json.dumps(run()))
