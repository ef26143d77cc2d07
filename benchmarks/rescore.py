"""Rescoring 2.5 million positions, and one in a hundred of them, against writing the result.

    bin/bench rescore

500 SKUs at 5,000 outlets in 30 territories. A full pass is a Monitoring cycle as the house runs it: it reads
the book, walks it, prices every way out of what is at risk, and records items, risks, sums, events and the
cycle. Its parts are worked off by two worker processes, one a core, that stand ready as workers of the queue
do; the same pass by a single process is told beside it. The limit is the plain binary COPY, by one
connection, of the rows that were recorded into tables without an index. A changed pass is the cycle after
one SKU in a hundred was sold.

Beside it, far simpler scores of the same positions: an UPDATE in place in SQL, and pandas (rows read by
the driver, written back by COPY), on a tenth of the SKUs and scaled up.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as one_of
from typing import Any, cast

from benchmarks._stock import SKUS, stocked

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
RUNS, WORKERS = 3, 2
GOAL_OF_COPY, GOAL_CHANGED, GOAL_GIGABYTES = 4.0, 0.2, 3.0
RESULT = ("inventory_stockitem", "inventory_batchrisk")


def run() -> dict[str, Any]:
    """Medians: seconds of a full pass over the COPY of its result; a changed pass over a full one."""
    with stocked("bench-rescore"), at_hand(WORKERS, "bench-rescore") as workers:
        return measure(workers)


def measure(workers: list[Connection]) -> dict[str, Any]:
    """Runs interleaved, the first of them warming up the database's memory."""
    seconds: dict[str, list[float]] = {"full": [], "alone": [], "copy": [], "changed": []}
    positions = some = 0
    for turn in range(RUNS + 1):
        at = NOW + timedelta(days=2 * turn)
        full, positions = cycle(at, workers)
        limit = copy_result()
        alone, _ = cycle(at + timedelta(days=1))
        sell_some(turn)
        changed, some = cycle(at + timedelta(days=1, minutes=1))
        if turn:
            for name, value in (("full", full), ("alone", alone), ("copy", limit), ("changed", changed)):
                seconds[name].append(value)
    full, alone, limit, changed = (statistics.median(found) for found in seconds.values())
    peak = sum(ask(worker, None) for worker in workers)
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    peers = {"sql_update": timed(update_in_sql), "pandas": timed(score_in_pandas) * 10}
    return {
        "name": "rescore",
        "value": round(positions / full),
        "unit": "positions/s",
        "ratio": round(full / limit, 2),
        "against": f"binary COPY of the result alone (lower is better), {WORKERS} workers",
        "goal": GOAL_OF_COPY,
        "met": full <= GOAL_OF_COPY * limit
        and changed <= GOAL_CHANGED * full
        and max(peak, mine) < GOAL_GIGABYTES,
        "ratio_of_one_process": round(alone / limit, 2),
        "changed_over_full": round(changed / full, 3),
        "goal_changed_over_full": GOAL_CHANGED,
        "peak_gigabytes": round(peak, 2),
        "peak_gigabytes_of_one_process": round(mine, 2),
        "goal_gigabytes": GOAL_GIGABYTES,
        "positions": positions,
        "positions_changed": some,
        "seconds": {
            "full": round(full, 2), "one_process": round(alone, 2), "copy": round(limit, 2),
            "changed": round(changed, 2),
        },
        "seconds_of_simpler_scores": {name: round(value, 1) for name, value in peers.items()},
    }  # fmt: skip


def cycle(at: datetime, workers: list[Connection] | None = None) -> tuple[float, int]:
    """Seconds of one cycle, and the positions it looked at; its parts here one by one, or by workers."""
    from vyapar.engine.services import list_open_parts, run_cycle

    start = time.perf_counter()
    done = run_cycle("monitoring", at, at=at, spread=bool(workers))
    if done is not None and workers:
        share_out(done.pk, list_open_parts(done.pk), at, workers)
        done.refresh_from_db()
    if done is None or done.state != "done":
        raise ValueError("there was nothing to score")
    return time.perf_counter() - start, int(done.counts["positions"])


def share_out(cycle_id: int, parts: list[int], at: datetime, workers: list[Connection]) -> None:
    """Whoever is free takes the next part; the last one closes the cycle."""
    free, busy = list(workers), 0
    while parts or busy:
        while parts and free:
            free.pop().send((cycle_id, parts.pop(0), at))
            busy += 1
        for worker in one_of([one for one in workers if one not in free]):
            cast(Connection, worker).recv()
            free.append(cast(Connection, worker))
            busy -= 1


def ask(worker: Connection, what: object) -> Any:
    worker.send(what)
    return worker.recv()


@contextmanager
def at_hand(count: int, slug: str) -> Iterator[list[Connection]]:
    """Worker processes inside the distributor, started and connected before anything is measured."""
    spawned = multiprocessing.get_context("spawn")
    ends: list[Connection] = []
    processes = []
    for _ in range(count):
        mine, theirs = spawned.Pipe()
        processes.append(spawned.Process(target=work, args=(slug, theirs), daemon=True))
        processes[-1].start()
        mine.recv()
        ends.append(mine)
    try:
        yield ends
    finally:
        for end in ends:
            end.close()
        for process in processes:
            process.join()


def work(slug: str, asked: Connection) -> None:
    """Do the parts that one is asked for until nobody asks; asked for nothing, tell the peak of memory."""
    import django

    django.setup()
    from django.db import connection
    from django_tenants.utils import tenant_context

    from vyapar.engine.services import work_on_part
    from vyapar.tenancy.models import Distributor

    with tenant_context(Distributor.objects.get(domains__domain=f"{slug}.localhost")):
        connection.ensure_connection()
        asked.send("ready")
        while True:
            try:
                part = asked.recv()
            except EOFError:
                return
            if part is None:
                asked.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
                continue
            cycle_id, number, at = part
            work_on_part(cycle_id, number, at=at)
            asked.send(number)


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
