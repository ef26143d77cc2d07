"""Why goods lie there, as it is told, against why they do: precision, recall and what confidence is worth.

    python -m benchmarks.causes                                    two distributors, one day and seed
    python -m benchmarks.causes --of demo --days 2026-08-10 --seeds 3 4

Each demonstration distributor is loaded into a schema that is thrown away, forecast by Analysis, and its
shelves are judged by Prediction as in any cycle. What is told is held against `truth`, batch by batch;
`delisting` counts as `delisted`. Tables go to stderr. A database stands at DATABASE_URL, as for other
benchmarks; SECRET_KEY may be anything.

`--books opened`: the ledger begins with a statement of the stock 100 days before. `--books moved`: every
second batch of the truth was carried to another godown 10 days before, and is judged there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from inventory.feeds.demonstration import DemoData, generate
from inventory.risk.cause import CAUSES

OF, DAYS, SEEDS = ("demo", "second"), (date(2026, 11, 23),), (2026,)
_SLUG = "bench-causes"
#: Confidences told are compared with what was right in so many equal parts of 0 to 1.
_PARTS = 10
_GOAL = 0.8
#: Days before the run on which the ledger begins, and on which batches are moved.
_BEGAN_DAYS, _MOVED_DAYS = 100, 10


def told_of(name: str, day: date, seed: int, books: str = "whole") -> pl.DataFrame:
    """Rows of the truth of one distributor, with what was `told` of each (null: nothing), the `second` guess,
    `confidence` (0 to 1) and whether it is `right`.
    """
    data = BOOKS[books](generate(name, day, seed))  # type: ignore[arg-type]
    with loaded(data) as at:
        found = _told(at)
    truth = data.truth.with_columns(pl.col("cause").replace("delisting", "delisted"))
    rows = truth.join(found, on=["sku", "location", "batch"], how="left")
    return rows.with_columns(
        (pl.col("told") == pl.col("cause")).alias("right"),
        pl.lit(name).alias("of"), pl.lit(day).alias("run_day"), pl.lit(seed).alias("seed"),
    )  # fmt: skip


def opened(data: DemoData) -> DemoData:
    """The same distributor whose ledger begins later, with what stood there then."""
    start = datetime.combine(data.run_day - timedelta(days=_BEGAN_DAYS), time(3, 30), UTC)
    before = data.movements.filter(pl.col("at") < start)
    stood = before.group_by("sku", "batch", "location").agg(pl.col("quantity").sum())
    opening = stood.filter(pl.col("quantity") > 0).with_columns(
        pl.lit(start).cast(before.schema["at"]).alias("at"),
        pl.lit("opening").alias("kind"), pl.lit("").alias("reference"),
    )  # fmt: skip
    since = data.movements.filter(pl.col("at") >= start)
    return replace(data, movements=pl.concat([opening.select(since.columns), since]))


def moved(data: DemoData) -> DemoData:
    """The same distributor, where every second batch of the truth lies at another godown."""
    godowns = data.locations.filter(pl.col("kind") == "godown")["code"].to_list()
    far = dict(zip(godowns, [*godowns[1:], godowns[0]], strict=True))
    taken = (pl.int_range(pl.len()) % 2 == 1).alias("taken")
    truth = data.truth.with_columns(taken, pl.col("location").alias("home")).with_columns(
        pl.when("taken").then(pl.col("location").replace(far)).otherwise("location").alias("location")
    )
    at = datetime.combine(data.run_day - timedelta(days=_MOVED_DAYS), time(3, 30), UTC)
    carried = truth.filter("taken").with_columns(
        pl.lit(at).cast(data.movements.schema["at"]).alias("at"), pl.lit("").alias("reference")
    )
    ends = [
        carried.select(
            "at", "sku", "batch", pl.col(where).alias("location"), pl.lit(kind).alias("kind"),
            (pl.col("on_hand") * sign).alias("quantity"), "reference",
        )
        for where, kind, sign in (("home", "transfer_out", -1), ("location", "transfer_in", 1))
    ]  # fmt: skip
    return replace(data, movements=pl.concat([data.movements, *ends]), truth=truth.drop("taken", "home"))


@contextmanager
def loaded(data: DemoData) -> Iterator[datetime]:
    """Inside the distributor as it stands at noon of its run day, forecast; it is gone afterwards."""
    import django

    django.setup()
    from django.core.management import call_command
    from django_tenants.utils import tenant_context

    from inventory.services.demonstration import load_data
    from vyapar.engine.services import run_cycle
    from vyapar.kernel.actor import system
    from vyapar.tenancy.services import close_distributor, open_distributor

    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    at = datetime.combine(data.run_day, time(6, 30), UTC)
    distributor = open_distributor(slug=_SLUG, name="Bench", domain=f"{_SLUG}.localhost")
    try:
        with tenant_context(distributor):
            load_data(data, actor=system("bench"), at=at, tell=lambda _: None)
            run_cycle("analysis", at, at=at)
            yield at
    finally:
        close_distributor(distributor)


def _told(at: datetime) -> pl.DataFrame:
    """What Prediction says of every batch that it names a cause of."""
    from inventory.agent.prediction import decide
    from inventory.contracts.prediction import PredictionPolicy
    from inventory.models import Position
    from inventory.selectors.outlook import find_large_batches, take_outlook_part
    from inventory.services.prediction import lay_out_outlook

    every, policy = {"first": 0, "last": 2**62}, PredictionPolicy()
    lay_out_outlook(find_large_batches(at, [every]))
    book = take_outlook_part(at, policy, every)
    shelf = None if book is None else decide(book, policy).outcome.shelf
    if book is None or book.shelf is None or shelf is None:
        raise ValueError("nothing lies on the shelves")
    names = Position.objects.values_list("pk", "sku__code", "location__code", "batch__number")
    named = {pk: rest for pk, *rest in names}
    ids, sure = book.shelf.book.position_ids, shelf.causes.confidence
    return pl.DataFrame(
        [
            (*named[ids[row]], shelf.causes.name(row), shelf.causes.second_name(row), float(sure[row]))
            for row in np.flatnonzero(shelf.caused).tolist()
        ],
        schema=["sku", "location", "batch", "told", "second", "confidence"],
        orient="row",
    )


#: What becomes of the books before they are judged.
BOOKS: dict[str, Callable[[DemoData], DemoData]] = {
    "whole": lambda data: data,
    "opened": opened,
    "moved": moved,
}


def table(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Of each cause: batches `of_it` that were told any, how often it was `told` and `right`, and what it
    was taken for.
    """
    told = rows.filter(pl.col("told").is_not_null())
    found = []
    for cause in CAUSES:
        mine, named = told.filter(pl.col("cause") == cause), told.filter(pl.col("told") == cause)
        right = int(mine["right"].sum())
        if mine.height or named.height:
            wrong = mine.filter(~pl.col("right"))["told"].value_counts(sort=True)
            found.append({
                "cause": cause, "of_it": mine.height, "told": named.height, "right": right,
                "precision": _share(right, named.height), "recall": _share(right, mine.height),
                "taken_for": dict(wrong.rows()),
            })  # fmt: skip
    return found


def reliability(rows: pl.DataFrame) -> list[tuple[int, float, float]]:
    """Batches, mean confidence, and the share that was right, for each part of the scale that has any."""
    sure = rows.filter(pl.col("told").is_not_null() & (pl.col("told") != "unclear"))
    part = (pl.col("confidence") * _PARTS).floor().clip(0, _PARTS - 1)
    sums = sure.group_by(part.alias("part")).agg(
        pl.len(), pl.col("confidence").mean(), pl.col("right").mean().alias("share")
    )
    return [(n, round(told, 3), round(share, 3)) for _, n, told, share in sums.sort("part").rows()]


def run(
    of: Sequence[str] = OF, days: Sequence[date] = DAYS, seeds: Sequence[int] = SEEDS, books: str = "whole"
) -> dict[str, Any]:
    """Every distributor on every day with every seed, and all of them together."""
    frames = []
    for one in product(of, days, seeds):
        frames.append(told_of(*one, books))
        sys.stderr.write(f"{' '.join(map(str, one))}: {_share_right(frames[-1])}\n")
    rows = pl.concat(frames)
    figures = table(rows)
    for line in [*figures, *reliability(rows)]:
        sys.stderr.write(f"{line}\n")
    told = rows.filter(pl.col("told").is_not_null())
    wrong = told.filter(~pl.col("right"))
    most = told["cause"].value_counts(sort=True)["count"][0] / told.height
    return {
        "name": "causes", "value": _share_right(rows), "unit": "share of batches told the right cause",
        "ratio": round(_share_right(rows) / most, 3), "against": "always telling the most common cause",
        "goal": "no cause below 0.8 in precision or recall",
        "met": all(min(one["precision"], one["recall"]) >= _GOAL for one in figures if one["of_it"]),
        "batches": rows.height, "told": told.height,
        "second_is_right_of_the_wrong": _share(
            wrong.filter(pl.col("second") == pl.col("cause")).height, wrong.height
        ),
        "causes": figures, "reliability": reliability(rows),
    }  # fmt: skip


def _share_right(rows: pl.DataFrame) -> float:
    told = rows.filter(pl.col("told").is_not_null())
    return _share(int(told["right"].sum()), told.height)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 0.0


if __name__ == "__main__":
    asking = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asking.add_argument("--of", nargs="+", default=OF, choices=OF)
    asking.add_argument("--days", nargs="+", type=date.fromisoformat, default=DAYS)
    asking.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    asking.add_argument("--books", default="whole", choices=BOOKS)
    given = asking.parse_args()
    print(json.dumps(run(given.of, given.days, given.seeds, given.books)))
