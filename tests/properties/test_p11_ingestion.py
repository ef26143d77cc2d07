"""Property 11: of dirty rows each is accepted, known already, or rejected by name; sums stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.db.models import F, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.models import DailyDemand, Sale
from inventory.services import check_positions, ingest_sales
from tests.builders import AT, MACHINE, World, build_world

DB = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def undone() -> Iterator[None]:
    """What an example writes is taken back; the world is built once."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def world(in_alpha: None) -> World:
    return build_world(pieces=50)


#: The same value in the forms in which tills and spreadsheets write it.
amounts = st.tuples(st.integers(1, 300), st.sampled_from(["{}", " {} ", "+{}", "{}.0"]))
prices = st.tuples(st.integers(1, 99_999), st.sampled_from(["{r}.{p:02d}", " {r}.{p:02d} ", "0{r}.{p:02d}"]))
DAYS = ("2026-11-20T10:15:00+05:30", "2026-11-20 10:15", "2026-11-20T04:45:00Z", "2026-11-20T10:15:00.000")
noise = st.sampled_from(
    [
        {"sku": "NOT-OURS"}, {"sku": ""}, {"sku": None}, {"retailer_id": "R999"}, {"quantity": "0"},
        {"quantity": "1.5"}, {"quantity": "many"}, {"quantity": "10000000"}, {"unit_price": "12.345"},
        {"unit_price": "-1"}, {"unit_price": "free"}, {"timestamp": "yesterday"}, {"timestamp": "2031-01-01"},
        {"timestamp": "2026-11-24T00:00:00Z"}, {"timestamp": "1999-01-01T00:00:00Z"},
        {"territory": "BENGALURU"}, {"transaction_id": " "}, {"transaction_id": "x" * 65}, {"line": "0"},
    ]
)  # fmt: skip
rows = st.lists(
    st.tuples(
        st.sampled_from(["R001", " R002 ", "R003"]), st.sampled_from(["BIS-100", "TEA-250 "]),
        amounts, prices, st.sampled_from(DAYS), st.one_of(st.none(), st.none(), noise), st.booleans(),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


@DB
@given(drawn=rows)
def test_every_row_is_accepted_known_or_rejected_by_name_and_sums_are_kept(world, drawn):
    """Feature: vyapar-sahayak-distributor, Property 11: Data Integration and Normalization Robustness.

    For any data from external systems with varying quality and formats, the integration process
    should normalize data to consistent schemas while preserving semantic meaning and flagging
    quality issues.
    """
    batch, clean = [], []
    for number, (retailer, sku, (n, shape), (paise, money), day, broken, back) in enumerate(drawn, 1):
        pieces = -n if back and shape == "{}" else n
        row = {
            "transaction_id": f"T-{number}", "line": "1", "retailer_id": retailer, "sku": sku,
            "quantity": shape.format(pieces), "unit_price": money.format(r=paise // 100, p=paise % 100),
            "timestamp": day, "territory": "PUNE",
        }  # fmt: skip
        batch.append({**row, **(broken or {})})
        if not broken:
            clean.append((pieces, paise))
    with undone():
        report = ingest_sales(batch, actor=MACHINE, at=AT, source="till")
        again = ingest_sales(batch, actor=MACHINE, at=AT, source="till")
        kept = list(
            Sale.objects.values_list("quantity", "unit_price_paise", "sold_at", "retailer__retailer_id")
        )
        totals = DailyDemand.objects.aggregate(n=Sum("quantity"), p=Sum("revenue_paise"))
        money = Sale.objects.aggregate(p=Sum(F("quantity") * F("unit_price_paise")))["p"] or 0
        differences = check_positions()
    assert report.accepted + report.duplicates + report.rejected == len(batch)
    assert (report.accepted, report.duplicates) == (len(clean), 0)
    bad = {number for number, row in enumerate(drawn, 1) if row[5]}
    assert {fault.row for fault in report.faults} == bad
    assert all(fault.code and fault.message and fault.field for fault in report.faults)
    assert (again.accepted, again.duplicates) == (0, len(clean)), "sent again it changes nothing"
    assert sorted((n, p) for n, p, *_ in kept) == sorted(clean)
    assert {at for *_, at, _r in kept} <= {datetime(2026, 11, 20, 4, 45, tzinfo=UTC)}
    assert all(name == name.strip() for *_, name in kept)
    assert (totals["n"] or 0) == sum(n for n, _ in clean)
    assert (totals["p"] or 0) == money == sum(n * p for n, p in clean)
    assert differences == []
