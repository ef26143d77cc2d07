"""Property 7: whatever is wrong in law is found before anything is carried out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.rules import examine
from tests.compliance.movements import TODAY, movements, offer
from vyapar.kernel.decision import Finding
from vyapar.kernel.facts import MovementFacts


def line(facts: MovementFacts, row: int, **changes) -> MovementFacts:
    lines = list(facts.lines)
    lines[row] = replace(lines[row], **changes)
    return replace(facts, lines=tuple(lines))


#: What can be wrong: the code of the clause, and how to break it on one row or party.
DEFECTS = {
    "expired": ("T08", lambda f, row: line(f, row, expiry_date=TODAY - timedelta(days=1))),
    "too old on arrival": ("T08", lambda f, row: line(f, row, expiry_date=TODAY + timedelta(days=20))),
    "no HSN": ("G03", lambda f, row: line(f, row, hsn="")),
    "HSN of a service": ("G03", lambda f, row: line(f, row, hsn="99671100")),
    "unknown unit": ("G05", lambda f, row: line(f, row, uqc="HEAP")),
    "nothing moves": ("G06", lambda f, row: line(f, row, quantity=0)),
    "negative money": ("G06", lambda f, row: line(f, row, cost_paise=-1)),
    "slip in the GSTIN": (
        "G01",
        lambda f, row: replace(f, source=replace(f.source, gstin=f.source.gstin[:-1] + "0")),
    ),
    "registration cancelled": (
        "G02",
        lambda f, row: replace(f, destination=replace(f.destination, registration_active=False)),
    ),
    "place not on the registration": ("T06", lambda f, row: replace(f, destination_registered=False)),
    "no FSSAI number": (
        "F01",
        lambda f, row: line(
            replace(f, source=replace(f.source, fssai="")), row, hsn="19053100", rate_item=""
        ),
    ),
}


def blocks(facts, at_date: date = TODAY) -> set[str]:
    found = [f for f in examine(facts, at_date=at_date).findings if isinstance(f, Finding)]
    assert all(f.message and f.basis for f in found), "a refusal is a sentence with its legal basis"
    return {f.code for f in found if f.blocks}


@settings(max_examples=100, deadline=None)
@given(movements(), st.sets(st.sampled_from(sorted(DEFECTS)), max_size=4), st.data())
def test_every_defect_is_flagged_and_lawful_movements_pass(facts, chosen, data):
    """Feature: vyapar-sahayak-distributor, Property 7: Compliance Validation Completeness.

    For any transaction or transfer scenario, all compliance checks (GST requirements, regulatory
    documentation, audit trails) should be validated and any violations should be flagged before
    execution.
    """
    assert blocks(facts) == set()
    wanted = set()
    for name in sorted(chosen):
        code, breaks = DEFECTS[name]
        facts = breaks(facts, data.draw(st.integers(0, len(facts.lines) - 1)))
        wanted.add(code)
    if {"no FSSAI number", "no HSN", "HSN of a service"} & chosen:
        wanted = {code for code in wanted if code not in ("F01", "G03")}  # the later defect may undo these
    if {"expired", "too old on arrival"} & chosen:
        assert "T08" in blocks(facts)
    assert wanted <= blocks(facts)


@pytest.mark.parametrize("name", sorted(DEFECTS))
@settings(max_examples=10, deadline=None)
@given(facts=movements(), data=st.data())
def test_each_defect_alone_is_flagged_under_its_own_clause(name, facts, data):
    code, breaks = DEFECTS[name]
    assert code in blocks(breaks(facts, data.draw(st.integers(0, len(facts.lines) - 1))))


@settings(max_examples=100, deadline=None)
@given(
    price=st.integers(1, 3_000), mrp=st.integers(1, 2_000), cost=st.integers(1, 2_000),
    floor=st.integers(-5_000, 5_000), left=st.integers(-5, 60),
)  # fmt: skip
def test_an_offer_is_blocked_exactly_for_price_floor_and_life(price, mrp, cost, floor, left):
    base = offer()
    goods = replace(
        base.lines[0], offer_price_paise=price, mrp_paise=mrp, cost_paise=cost, rate_item="Biscuits",
        manufacture_date=date(2026, 1, 1), expiry_date=base.ends_on + timedelta(days=left),
    )  # fmt: skip
    found = blocks(replace(base, lines=(goods,), margin_floor_bp=floor))
    assert ("P01" in found) == (price > mrp)
    assert ("P05" in found) == (left < base.minimum_days_at_delivery)
    if (price + 1) * 10_000 <= cost * (10_000 + floor):
        assert "P10" in found, "even with the tax kept it would be a paisa below the floor"
