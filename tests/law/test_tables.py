"""The tables: readable, dated, and named by a version that changes with any cell."""

from __future__ import annotations

import dataclasses
from datetime import date
from importlib.resources import files
from itertools import pairwise

import pytest

from vyapar.kernel.gstin import PAN_HOLDERS, STATE_CODES
from vyapar.law import store
from vyapar.law.version import CODE_VERSION, RULE_VERSION


@pytest.mark.parametrize("name", store.names())
def test_every_table_can_be_read_and_its_days_make_sense(name):
    rows = store.table(name)
    assert rows
    for row in rows:
        assert None not in row, f"{name}: a row has more cells than the head: {dict(row)}"
        assert None not in row.values(), f"{name}: a row lacks cells: {dict(row)}"
        days = store.period(row)
        if days.first and days.last:
            assert days.first <= days.last


def test_a_period_includes_both_its_ends():
    days = store.Period(date(2025, 9, 22), date(2025, 9, 30))
    assert date(2025, 9, 22) in days
    assert date(2025, 9, 30) in days
    assert date(2025, 9, 21) not in days
    assert date(2025, 10, 1) not in days


def test_rows_cannot_be_changed_by_a_reader():
    with pytest.raises(TypeError):
        store.table("uqc")[0]["code"] = "XXX"  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        store.period(store.table("uqc")[0]).first = None  # type: ignore[misc]


def test_the_rule_version_changes_with_a_single_cell(monkeypatch):
    before = store.tables_digest()
    changed = [dict(row) for row in store.table("hsn_rates")]
    changed[0]["gst_rate_pct"] = "7"
    real = store.table
    monkeypatch.setattr(store, "table", lambda name: changed if name == "hsn_rates" else real(name))
    assert store.tables_digest() != before
    assert f"{CODE_VERSION}+{before[:12]}" == RULE_VERSION


def test_rates_of_one_kind_of_goods_never_overlap_and_leave_no_gap():
    kinds: dict[tuple[str, str], list[store.Period]] = {}
    for row in store.table("hsn_rates"):
        kinds.setdefault((row["item"], row["condition"]), []).append(store.period(row))
    for kind, periods in kinds.items():
        ordered = sorted(periods, key=lambda p: p.first or date.min)
        assert ordered[-1].last is None, kind
        for earlier, later in pairwise(ordered):
            assert earlier.last is not None, kind
            assert later.first is not None, kind
            assert (later.first - earlier.last).days == 1, kind


def test_the_kernel_and_the_tables_agree_on_states_and_pan_letters():
    codes = {row["code"] for row in store.table("state_codes")}
    assert codes - {"96"} == STATE_CODES
    assert {row["pan_4th_char"] for row in store.table("pan_entity_types")} == PAN_HOLDERS


def test_the_readme_names_every_table():
    text = (files("vyapar.law.tables") / "README.md").read_text("utf-8")
    assert [name for name in store.names() if f"`{name}`" not in text] == []
