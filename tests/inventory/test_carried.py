"""The files carried along, taken in whole: samples of Tally's exports, and real wholesale lines."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from inventory.models import ImportRun, Sale, Sku
from inventory.services import imports
from tests.conftest import NOW
from tests.inventory.book import make_book
from tests.inventory.test_files import WHOLESALE
from tests.inventory.test_imports import OWNER
from tests.inventory.test_tally import SAMPLES

FILES = sorted(path.name for path in SAMPLES.glob("*.xml"))


@pytest.fixture(autouse=True)
def book(in_alpha, own_media) -> None:
    make_book()


def take(path: Path, system: str, **options: object) -> ImportRun:
    feed = imports.ensure_feed(code=system, name=system, system=system, actor=OWNER, at=NOW)
    run = imports.open_run(feed=feed, content=path, title=path.name, options=options, actor=OWNER, at=NOW)
    run = imports.check_run(run.pk, at=NOW)
    assert run.state == "checked", (path.name, run.error)
    checked = run.checks["counts"]
    run = imports.write_run(run.pk, actor=OWNER, at=NOW)
    assert run.state == "reconciled", (path.name, run.error, run.reconciliation)
    for kind, counts in run.counts.items():
        told = {name: counts[name] for name in ("rows", *imports.checking.OUTCOMES)}
        assert told == {name: checked[kind][name] for name in told}, (path.name, kind)
    return run


def test_every_sample_of_tally_is_imported_and_reconciled_and_again_changes_nothing(tmp_path: Path) -> None:
    places = {"territory": "MUM", "pincode": "411001"}
    for name in ("masters.xml", *(one for one in FILES if one != "masters.xml")):
        take(SAMPLES / name, "tally", **places)
        again = tmp_path / name
        again.write_bytes((SAMPLES / name).read_bytes() + b"\n")
        run = take(again, "tally", **places)
        fresh = {kind: counts["accepted"] for kind, counts in run.counts.items() if counts["accepted"]}
        assert not fresh, (name, fresh)


def test_real_wholesale_lines_are_imported_and_reconciled_to_the_piece_and_paisa(tmp_path: Path) -> None:
    real = pl.read_parquet(WHOLESALE).filter(pl.col("distributor") == 0).slice(40_000, 6_000)
    outlets = real.select(pl.format("W{}", "customer").alias("retailer_id")).unique().sort("retailer_id")
    goods = real.select(pl.format("S{}", "stock").alias("sku")).unique().sort("sku")
    shops = outlets.with_columns(
        pl.col("retailer_id").alias("name"),
        pl.lit("MUM").alias("territory"),
        pl.lit("400072").alias("pincode"),
    )
    items = goods.with_columns(
        pl.col("sku").alias("name"), pl.lit("34011190").alias("hsn"), pl.lit("9999.00").alias("mrp")
    )
    paise = pl.col("pence").cast(pl.Int64)
    price = pl.format("{}.{}", paise // 100, (paise % 100).cast(pl.String).str.zfill(2))
    lines = real.select(
        pl.format("I{}", "invoice").alias("transaction_id"), "line",
        pl.format("W{}", "customer").alias("retailer_id"), pl.format("S{}", "stock").alias("sku"), "quantity",
        price.alias("unit_price"),
        (pl.date(2025, 1, 1) + pl.duration(days=pl.col("day") % 365)).alias("timestamp"),
    )  # fmt: skip
    for name, frame in (("retailers", shops), ("skus", items), ("sales", lines)):
        frame.write_csv(tmp_path / f"{name}.csv")
        run = take(tmp_path / f"{name}.csv", "files")
    assert Sku.objects.filter(code__in=goods["sku"].to_list()).count() == goods.height
    [total] = [one for one in run.reconciliation["kinds"] if one["kind"] == "sales"]
    landed = Sale.objects.filter(import_run=run.number).values_list("quantity", "unit_price_paise")
    sure = run.counts["sales"]["accepted"]
    assert sure + run.counts["sales"]["rejected"] + run.counts["sales"]["duplicates"] == real.height
    assert (total["landed_pieces"], total["landed_paise"]) == (
        sum(n for n, _ in landed), sum(n * each for n, each in landed),
    )  # fmt: skip
    assert total["source_paise"] == int(
        (real["quantity"].cast(pl.Int64) * real["pence"].cast(pl.Int64)).sum()
    )
    assert sure >= real.height - int((real["quantity"] == 0).sum()) - run.counts["sales"]["duplicates"]
