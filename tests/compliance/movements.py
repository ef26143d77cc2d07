"""Facts that compliance tests start from: lawful unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from vyapar.kernel.facts import GoodsLine, MovementFacts, OfferFacts, Party

TODAY = date(2026, 11, 23)

PUNE = Party(
    legal_name="Sahyadri Vitaran Private Limited",
    gstin="27AAPFU0939F1ZV",
    state_code="27",
    pincode="411001",
    place="Pune",
    address="Gat 14, Market Yard Road",
    trade_name="Sahyadri Vitaran, Pune",
    fssai="11524000000123",
)
NAGPUR = replace(PUNE, pincode="440001", place="Nagpur", trade_name="Sahyadri Vitaran, Nagpur")
#: Another registration of the same PAN in the same State, and one of another person elsewhere.
PUNE_SECOND = replace(PUNE, gstin="27AAPFU0939F2ZU", trade_name="Sahyadri Vitaran, unit 2")
BENGALURU = Party(
    legal_name="Sahyadri Vitaran Private Limited",
    gstin="29AAPFU0939F1ZR",
    state_code="29",
    pincode="560001",
    place="Bengaluru",
    address="14 Lake View Street",
    trade_name="Sahyadri Vitaran, Bengaluru",
    fssai="11524000000456",
)


def biscuits(**changes: Any) -> GoodsLine:
    line = GoodsLine(
        sku="SKU-101",
        description="Kuruvi glucose biscuits 100 g",
        hsn="19053100",
        quantity=100,
        batch="B2610A",
        mrp_paise=1000,
        cost_paise=700,
        unit_value_paise=800,
        expiry_date=date(2027, 4, 30),
        manufacture_date=date(2026, 8, 1),
    )
    return replace(line, **changes)


def soap(**changes: Any) -> GoodsLine:
    line = biscuits(
        sku="SKU-207", description="Neemla bathing soap 75 g", hsn="34011190", batch="S77", mrp_paise=3500,
        cost_paise=2400, unit_value_paise=2600, rate_item="Toilet soap bars",
        expiry_date=date(2028, 6, 30),
    )  # fmt: skip
    return replace(line, **changes)


def salt(**changes: Any) -> GoodsLine:
    line = biscuits(sku="SKU-300", description="Iodised salt 1 kg", hsn="25010010", batch="N1")
    return replace(line, **changes)


def detergent(**changes: Any) -> GoodsLine:
    line = soap(sku="SKU-410", description="Washing powder 1 kg", hsn="34025000", rate_item="")
    return replace(line, **changes)


def movement(**changes: Any) -> MovementFacts:
    facts = MovementFacts(
        source=PUNE,
        destination=NAGPUR,
        lines=(biscuits(),),
        dispatch_date=TODAY,
        transit_days=2,
        distance_km=450,
        source_location="Pune godown",
        destination_location="Nagpur godown",
        minimum_days_on_arrival=30,
        vehicle_number="MH12AB1234",
    )
    return replace(facts, **changes)


def offer(**changes: Any) -> OfferFacts:
    facts = OfferFacts(
        seller=PUNE,
        lines=(biscuits(offer_price_paise=880),),
        starts_on=TODAY,
        ends_on=date(2026, 12, 7),
        discount_bp=1200,
        margin_floor_bp=200,
        minimum_days_at_delivery=20,
        recipients=40,
        channels=("whatsapp",),
    )
    return replace(facts, **changes)


@st.composite
def goods_lines(draw: st.DrawFn, *, count: int = 6) -> tuple[GoodsLine, ...]:
    """One to `count` lawful lines: nil, merit and standard goods, amounts that love odd paise."""
    kinds = (biscuits, soap, salt, detergent)
    lines = []
    for index in range(draw(st.integers(1, count))):
        made = draw(st.sampled_from(kinds))(
            quantity=draw(st.integers(1, 5000)),
            unit_value_paise=draw(st.one_of(st.sampled_from([1, 3, 33, 101]), st.integers(1, 500_00))),
            cost_paise=draw(st.integers(1, 400_00)),
            batch=f"B{index}",
        )
        lines.append(made)
    return tuple(lines)


@st.composite
def movements(draw: st.DrawFn) -> MovementFacts:
    """A lawful movement inside one registration, between two in a State, or between States."""
    pair = draw(st.sampled_from([(PUNE, NAGPUR), (PUNE, PUNE_SECOND), (PUNE, BENGALURU)]))
    return movement(
        source=pair[0],
        destination=pair[1],
        lines=draw(goods_lines()),
        valuation=draw(st.sampled_from(["open_market", "ninety_percent", "invoice_value", "cost_plus_10"])),
        distance_km=draw(st.integers(0, 3000)),
    )
