"""`POST /api/v1/sales/batch` through the real web server: 20,000 lines a request, 2 million lines present.

    bin/bench ingestion

The demonstration's outlets, SKUs and territories; a request is 20,000 of its real lines (about 1,650
invoices, 3,500 SKUs and territories) on one day. Everything is done: the body read and checked row by row,
the reply kept under an Idempotency-Key, each line recorded once, rolled up by SKU, territory and day, taken
out of stock first-expiry-first through the ledger, an event for each SKU and territory, sealed in the trail,
committed with fsync. Paths take turns within each round and go first in turn; medians of five rounds.

- `json`, `ndjson`, `csv`: the same door, three forms of body; `two_at_once`: two callers with JSON.
- `copy`: the same lines as binary COPY into the same table with its indexes: every code already looked up
  and encoded before the clock starts, one transaction, committed with fsync. Nothing is checked, nothing
  else written.
- `drf`: the same JSON by a serializer with many=True, codes looked up, then bulk_create with
  ignore_conflicts into the same table, within this process and without HTTP; nothing else.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import httpx
import orjson
import polars as pl

from benchmarks._sales import COPY, DAY, NOW, PRESENT, batch, distributor, encoded, prepare
from benchmarks._web import key_for, loads, web

LINES = 20_000
RUNS = 5
GOAL_TIMES_DRF, GOAL_OF_COPY = 10.0, 0.5
#: Requests of a round; a day's worth of numbers each.
_PATHS = 7


def run() -> dict[str, Any]:
    """Medians of interleaved runs: lines per second of each path, and our ratios."""
    with distributor("bench-ingestion") as one:
        prepare(DAY - timedelta(days=RUNS))
        headers = {"Host": f"{one.slug}.localhost", "Authorization": f"Bearer {key_for('bench')}"}
        with web(headers) as client:
            warm_up(client)
            return measure(client)


def warm_up(client: httpx.Client) -> None:
    """Small batches until each of the server's processes has loaded what it needs."""
    for number in range(9_000, 9_012):
        body = _as_json(batch(number, 10, DAY - timedelta(days=RUNS)))
        client.headers["Connection"] = "close"  # the next one may come to another process
        _post(client, body, "application/json", f"warm-{number}")
    del client.headers["Connection"]


def measure(client: httpx.Client) -> dict[str, Any]:
    paths: dict[str, Callable[[int], float]] = {
        "copy": raw_copy,
        "json": lambda number: push(client, number, "application/json"),
        "ndjson": lambda number: push(client, number, "application/x-ndjson"),
        "csv": lambda number: push(client, number, "text/csv"),
        "two_at_once": lambda number: two_at_once(client, number),
        "drf": drf,
    }
    seconds: dict[str, list[float]] = {name: [] for name in paths}
    before = loads()
    for turn in range(RUNS + 1):  # the first turn warms up
        names = list(paths)
        for place, name in enumerate(names[turn % len(names) :] + names[: turn % len(names)]):
            took = paths[name](turn * _PATHS + place)
            if turn:
                seconds[name].append(took)
    rate = {name: LINES / statistics.median(took) for name, took in seconds.items()}
    rate["two_at_once"] *= 2
    of_copy = {name: round(rate[name] / rate["copy"], 3) for name in ("json", "ndjson", "csv", "two_at_once")}
    return {
        "name": "ingestion",
        "value": round(rate["json"]),
        "unit": "lines/s",
        "ratio": round(rate["json"] / rate["drf"], 2),
        "against": "DRF many=True and bulk_create",
        "goal": GOAL_TIMES_DRF,
        "met": rate["json"] >= GOAL_TIMES_DRF * rate["drf"] and of_copy["json"] >= GOAL_OF_COPY,
        "over_drf": {name: round(rate[name] / rate["drf"], 1) for name in of_copy},
        "of_copy": of_copy,
        "goal_of_copy": GOAL_OF_COPY,
        "lines_per_second": {name: round(value) for name, value in rate.items()},
        "lines_present": PRESENT,
        "load": [before, loads()],
    }


def _day(number: int) -> Any:
    return DAY - timedelta(days=RUNS - number // _PATHS)


# --- the paths -----------------------------------------------------------------------


def push(client: httpx.Client, number: int, form: str) -> float:
    """Seconds from the first byte sent to the whole reply read."""
    body = _BODIES[form](batch(number, LINES, _day(number)))
    start = time.perf_counter()
    answer = _post(client, body, form, f"bench-{number}")
    took = time.perf_counter() - start
    _check(answer)
    return took


def two_at_once(client: httpx.Client, number: int) -> float:
    """Seconds until both of two callers have their reply."""
    bodies = [_as_json(batch(number + n * 5_000, LINES, _day(number))) for n in (0, 1)]
    answers: list[httpx.Response] = []

    def call(place: int) -> None:
        answers.append(_post(client, bodies[place], "application/json", f"bench-{number}-{place}"))

    callers = [Thread(target=call, args=(place,)) for place in (0, 1)]
    start = time.perf_counter()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    took = time.perf_counter() - start
    for answer in answers:
        _check(answer)
    return took


def _post(client: httpx.Client, body: bytes, form: str, key: str) -> httpx.Response:
    headers = {"Content-Type": form, "Idempotency-Key": key}
    return client.post("/api/v1/sales/batch", content=body, headers=headers)


def _check(answer: httpx.Response) -> None:
    if answer.status_code != 200 or answer.json()["accepted"] != LINES:
        raise ValueError(f"not every line was accepted: {answer.status_code} {answer.text[:300]}")


def raw_copy(number: int) -> float:
    """Seconds of COPY alone: binary rows, encoded before the clock starts, and the commit."""
    from django.db import connection, transaction

    body = encoded(batch(number, LINES, _day(number)))
    start = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy(COPY) as pipe:
        pipe.write(body)
    return time.perf_counter() - start


def drf(number: int) -> float:
    """Seconds from JSON to commit by the usual means."""
    from django.db import transaction
    from rest_framework import serializers

    from inventory.models import Retailer, Sale, Sku

    class Line(serializers.Serializer[Any]):
        transactionId = serializers.CharField(max_length=64)
        line = serializers.IntegerField(min_value=1)
        retailerId = serializers.CharField(max_length=40)
        sku = serializers.CharField(max_length=60)
        quantity = serializers.IntegerField()
        unitPrice = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal(0))
        timestamp = serializers.DateTimeField()
        territory = serializers.CharField(max_length=40)

    body = orjson.dumps(batch(number, LINES, _day(number)).to_dicts())
    start = time.perf_counter()
    form = Line(data=orjson.loads(body), many=True)
    form.is_valid(raise_exception=True)
    retailers = {r.retailer_id: r for r in Retailer.objects.all()}
    skus = {s.code: s for s in Sku.objects.all()}
    sales = [
        Sale(
            transaction_id=row["transactionId"], line=row["line"], sold_on=row["timestamp"].date(),
            sold_at=row["timestamp"], retailer=retailers[row["retailerId"]], sku=skus[row["sku"]],
            territory_id=retailers[row["retailerId"]].territory_id, quantity=row["quantity"],
            unit_price_paise=int(row["unitPrice"] * 100), received_at=NOW,
        )
        for row in form.validated_data
    ]  # fmt: skip
    with transaction.atomic():
        Sale.objects.bulk_create(sales, batch_size=1_000, ignore_conflicts=True)
    return time.perf_counter() - start


# --- bodies --------------------------------------------------------------------------------


def _as_json(sales: pl.DataFrame) -> bytes:
    return orjson.dumps({"transactions": sales.to_dicts()})


def _as_lines(sales: pl.DataFrame) -> bytes:
    return sales.write_ndjson().encode()


def _as_csv(sales: pl.DataFrame) -> bytes:
    return sales.write_csv().encode()


_BODIES: dict[str, Callable[[pl.DataFrame], bytes]] = {
    "application/json": _as_json,
    "application/x-ndjson": _as_lines,
    "text/csv": _as_csv,
}


if __name__ == "__main__":
    print(json.dumps(run()))
