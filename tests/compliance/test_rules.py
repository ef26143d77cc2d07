"""The rules: what they object to, on which date, in which words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compliance.contracts import Standing, violation
from compliance.rules import MOVEMENT_RULES, OFFER_RULES, PAPER_RULES, assess, examine, floor_price
from tests.compliance.movements import (
    BENGALURU,
    NAGPUR,
    PUNE,
    PUNE_SECOND,
    TODAY,
    biscuits,
    detergent,
    goods_lines,
    movement,
    movements,
    offer,
    salt,
    soap,
)
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.facts import Examination, MovementFacts, OfferFacts
from vyapar.law.preflight import clauses
from vyapar.law.version import RULE_VERSION

KNOWN = Standing(turnover_paise=0, preceding_turnover_paise=0, blocked_gstins=frozenset())
CRORE = 1_00_00_000_00


def look(facts: MovementFacts | OfferFacts, standing: Standing = KNOWN, at: date = TODAY) -> Examination:
    return examine(facts, at_date=at, standing=standing)


def found(facts, code, standing=KNOWN, at=TODAY) -> list[Finding]:
    return [f for f in look(facts, standing, at).findings if f.code == code]


def one(facts, code, standing=KNOWN, at=TODAY) -> Finding:
    (finding,) = found(facts, code, standing, at)
    return finding


# --- the whole -----------------------------------------------------------------------------------


def test_a_lawful_movement_and_a_lawful_offer_meet_no_objection():
    assert look(movement()).findings == ()
    assert not [f for f in look(offer()).findings if f.severity is not Severity.INFO]


def test_every_rule_stands_in_the_catalogue_with_a_basis_and_a_first_day():
    for code, check in (*MOVEMENT_RULES, *OFFER_RULES, *PAPER_RULES):
        entry = clauses()[code]
        assert entry.basis
        assert entry.period.first is not None
        assert check.__doc__


@given(movements(), st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_an_examination_is_complete_ordered_and_the_same_each_time(facts, at):
    first, second = look(facts, at=at), look(facts, at=at)
    assert first == second
    assert first.rule_version == RULE_VERSION
    strengths = ["block", "warn", "info"]
    order = [strengths.index(f.severity) for f in first.findings]
    assert order == sorted(order)
    for finding in first.findings:
        assert re.fullmatch(r"[A-Z].*[.!?]", finding.message, re.DOTALL), finding.message
        assert finding.basis
        assert not finding.fix or finding.fix.endswith(".")


@given(goods_lines())
def test_every_objection_to_goods_names_row_sku_and_batch(lines):
    broken = tuple(replace(line, expiry_date=TODAY - timedelta(days=1), hsn="77") for line in lines)
    for code in ("T08", "G03", "G04"):
        rows = [f for f in look(movement(lines=broken)).findings if f.code == code]
        assert [f.facts["row"] for f in rows] == list(range(1, len(lines) + 1))
        for line, finding in zip(broken, rows, strict=True):
            assert line.sku in finding.message
            assert line.batch in finding.message


@given(movements())
def test_the_examination_adds_up_to_the_assessment(facts):
    examination, assessment = look(facts), assess(facts)
    assert examination.tax_paise == sum(line.tax.total for line in assessment.lines)
    assert examination.taxable_paise == sum(line.taxable_paise for line in assessment.lines)
    assert examination.papers == (assessment.need.kind.value,)
    assert examination.eway_bill_needed == assessment.eway.needed


def test_a_rule_binds_only_papers_of_its_own_time():
    lines = (biscuits(expiry_date=date(2022, 12, 31), manufacture_date=None),)
    sender = replace(PUNE, fssai="")
    old = movement(source=sender, lines=lines, dispatch_date=date(2021, 12, 31))
    new = replace(old, dispatch_date=date(2022, 1, 1))
    assert not found(old, "F01", at=old.dispatch_date)
    assert found(new, "F01", at=new.dispatch_date)


# --- worked checks of the domain notes -----------------------------------------------------------


def test_80000_rupees_inside_one_registration_in_maharashtra_need_a_challan_and_nothing_more():
    facts = movement(lines=(biscuits(quantity=1000, unit_value_paise=8000),))
    examination = look(facts)
    assert examination.papers == ("delivery_challan",)
    assert (examination.taxable_paise, examination.tax_paise) == (80_000_00, 0)
    assert not examination.eway_bill_needed


@pytest.mark.parametrize(
    ("taxable", "tax", "needed"), [(47_000_00, 2_350_00, False), (48_000_00, 2_400_00, True)]
)
def test_biscuits_to_another_state_bear_igst_and_cross_the_threshold_with_their_tax(taxable, tax, needed):
    facts = movement(destination=BENGALURU, lines=(biscuits(quantity=1, unit_value_paise=taxable),))
    examination = look(facts)
    assert examination.papers == ("tax_invoice",)
    assert (examination.taxable_paise, examination.tax_paise) == (taxable, tax)
    assert examination.eway_bill_needed is needed


def test_exempt_goods_do_not_count_towards_the_threshold():
    lines = (salt(quantity=1, unit_value_paise=90_000_00), biscuits(quantity=1, unit_value_paise=47_000_00))
    assessment = assess(movement(destination=BENGALURU, lines=lines))
    assert assessment.eway.value_paise == 49_350_00
    assert not assessment.eway.needed


def test_wholly_exempt_goods_between_registrations_go_on_a_bill_of_supply():
    examination = look(movement(destination=BENGALURU, lines=(salt(quantity=10**6),)))
    assert examination.papers == ("bill_of_supply",)
    assert examination.tax_paise == 0
    assert not examination.eway_bill_needed


# --- who -----------------------------------------------------------------------------------------


def test_a_mistyped_gstin_blocks_and_says_what_the_last_character_should_be():
    finding = one(movement(destination=replace(NAGPUR, gstin="27AAPFU0939F1ZO")), "G01")
    assert finding.blocks
    assert "should be V" in finding.message
    assert finding.facts["field"] == "receiver.gstin"


def test_a_registration_of_one_state_cannot_stand_at_an_address_in_another():
    finding = one(movement(destination=replace(NAGPUR, state_code="29", pincode="560001")), "G01")
    assert "State 27" in finding.message
    assert finding.blocks


def test_a_pincode_of_another_state_blocks_only_where_a_portal_would_refuse_it():
    far = replace(NAGPUR, pincode="560001")
    small = one(movement(destination=far), "G01")
    assert small.severity is Severity.WARN
    dear = (biscuits(quantity=1, unit_value_paise=2_00_000_00),)
    assert one(movement(destination=far, lines=dear), "G01").blocks


def test_a_legacy_state_code_is_shown_but_does_not_stop():
    old = replace(PUNE_SECOND, gstin="25AAACB1234C1ZJ", state_code="25", pincode="396210")
    finding = one(movement(destination=old), "G01")
    assert finding.severity is Severity.WARN
    assert "old State code 25" in finding.message


def test_sandbox_identities_pass_only_with_a_sandbox_standing():
    facts = movement(destination=replace(BENGALURU, gstin="29AWGPV7107B1Z1"))
    assert one(facts, "G01").blocks
    allowed = replace(KNOWN, sandbox_gstins=frozenset({"29AWGPV7107B1Z1"}))
    assert not found(facts, "G01", allowed)


def test_a_sender_without_registration_is_told_so_and_gets_no_paper():
    examination = look(movement(source=replace(PUNE, gstin="")))
    assert examination.papers == ()
    assert {f.code for f in examination.findings if f.blocks} >= {"G01", "T01"}


def test_an_unregistered_receiver_is_named_as_a_supply():
    finding = one(movement(destination=replace(NAGPUR, gstin="")), "G01")
    assert finding.severity is Severity.INFO
    assert "supply" in finding.message


def test_an_unknown_state_code_is_a_finding_not_a_crash():
    examination = look(movement(destination=replace(NAGPUR, state_code="77")))
    assert any(f.blocks and "77" in f.message for f in examination.findings)


def test_a_cancelled_registration_blocks():
    assert one(movement(destination=replace(NAGPUR, registration_active=False)), "G02").blocks
    assert one(offer(seller=replace(PUNE, registration_active=False)), "G02").blocks


def test_a_godown_missing_from_the_registration_blocks():
    finding = one(movement(destination_registered=False), "T06")
    assert finding.blocks
    assert "Nagpur godown" in finding.message


@pytest.mark.parametrize("number", ["", "1152400000012", "1152400000012X"])
def test_food_papers_need_a_fourteen_digit_fssai_number(number):
    assert one(movement(source=replace(PUNE, fssai=number)), "F01").blocks


def test_soap_needs_no_fssai_number():
    assert not found(movement(source=replace(PUNE, fssai=""), lines=(soap(),)), "F01")


# --- what ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hsn", ["", "19", "19053", "99831", "biscuit"])
def test_a_code_that_is_no_hsn_blocks(hsn):
    assert one(movement(lines=(biscuits(hsn=hsn),)), "G03").blocks


def test_a_large_turnover_asks_for_six_digits():
    short = movement(lines=(biscuits(hsn="1902", rate_item="Noodles, pasta"),))
    assert not found(short, "G03")
    assert one(short, "G03", replace(KNOWN, preceding_turnover_paise=6 * CRORE)).blocks
    unknown = one(short, "G03", Standing())
    assert unknown.severity is Severity.INFO
    assert "not checked" in unknown.message


def test_an_unclear_rate_blocks_a_supply_with_the_choices_and_only_informs_on_a_challan():
    line = soap(rate_item="")
    supply = one(movement(destination=BENGALURU, lines=(line,)), "G04")
    assert supply.blocks
    assert "Toilet soap bars" in supply.facts["choices"]
    assert one(movement(lines=(line,)), "G04").severity is Severity.INFO


def test_a_rate_known_at_second_hand_is_shown():
    line = biscuits(hsn="15162091", description="Vanaspati 1 L")
    assert one(movement(destination=BENGALURU, lines=(line,)), "G04").severity is Severity.INFO


def test_a_unit_that_the_portal_does_not_know_blocks():
    assert one(movement(lines=(biscuits(uqc="CASE"),)), "G05").blocks


def test_impossible_amounts_and_dates_block():
    assert one(movement(lines=()), "G06").blocks
    assert one(movement(lines=(biscuits(quantity=0),)), "G06").blocks
    assert one(movement(lines=(biscuits(cost_paise=-1),)), "G06").blocks
    assert one(movement(lines=(biscuits(manufacture_date=date(2028, 1, 1)),)), "G06").blocks
    assert one(movement(transit_days=-1), "G06").blocks
    assert one(offer(ends_on=TODAY - timedelta(days=1)), "G06").blocks
    assert one(offer(discount_bp=10_001), "G06").blocks


@given(st.integers(-40, 90), st.integers(0, 15), st.integers(0, 60))
@example(2, 2, 0)
@example(1, 2, 0)
@example(32, 2, 30)
@example(31, 2, 30)
@example(-1, 0, 0)
def test_goods_move_only_with_the_life_they_will_have_on_arrival(life, transit, wanted):
    line = biscuits(expiry_date=TODAY + timedelta(days=life), manufacture_date=None)
    facts = movement(lines=(line,), transit_days=transit, minimum_days_on_arrival=wanted)
    left = life - transit
    blocked = found(facts, "T08")
    assert bool(blocked) is (life < 0 or left < wanted)
    assert all(f.blocks for f in blocked)


def test_expired_goods_block_whatever_the_policy_says():
    line = biscuits(expiry_date=TODAY - timedelta(days=1))
    moved = one(movement(lines=(line,), transit_days=0, minimum_days_on_arrival=-999), "T08")
    assert moved.blocks
    assert "expired on 22-11-2026" in moved.message
    assert one(offer(lines=(replace(line, offer_price_paise=500),)), "P05").blocks


def test_goods_cannot_leave_before_today_however_old_the_plan():
    line = biscuits(expiry_date=TODAY + timedelta(days=3))
    facts = movement(lines=(line,), dispatch_date=TODAY - timedelta(days=30), transit_days=5)
    assert "before" in one(facts, "T08").message


def test_food_without_an_expiry_date_is_said_to_be_unchecked_and_soap_is_left_alone():
    assert one(movement(lines=(biscuits(expiry_date=None),)), "T08").severity is Severity.WARN
    assert not found(movement(lines=(soap(expiry_date=None),)), "T08")


def test_pan_masala_between_registrations_is_not_valued_here():
    line = biscuits(hsn="21069020")
    assert one(movement(destination=BENGALURU, lines=(line,)), "P09").blocks
    assert not found(movement(lines=(line,)), "P09")


# --- how -----------------------------------------------------------------------------------------


def test_rule_28_wants_a_known_option_and_a_value():
    assert one(movement(destination=BENGALURU, valuation="guess"), "T03").blocks
    free = (biscuits(unit_value_paise=0),)
    assert one(movement(destination=BENGALURU, lines=free), "T03").severity is Severity.WARN
    open_market = movement(destination=BENGALURU, lines=free, valuation="open_market")
    assert one(open_market, "T03").blocks
    assert not found(movement(valuation="guess"), "T03")


def test_without_full_credit_the_declared_value_may_not_be_used():
    facts = movement(destination=BENGALURU, receiver_full_itc=False)
    assert one(facts, "T04").blocks
    assert not found(replace(facts, valuation="ninety_percent"), "T04")
    assert not found(movement(receiver_full_itc=False), "T04")


DEAR = (biscuits(quantity=1, unit_value_paise=2_00_000_00),)


def test_an_eway_bill_without_vehicle_or_transporter_asks_a_person():
    assert one(movement(lines=DEAR, vehicle_number=""), "T05").severity is Severity.WARN
    assert not found(movement(lines=DEAR, vehicle_number="", transporter_id=BENGALURU.gstin), "T05")
    assert not found(movement(vehicle_number=""), "T05")


@pytest.mark.parametrize(
    ("plate", "good"),
    [("MH12AB1234", True), ("MH 12 AB 1234", True), ("KA-12-A-1234", True), ("KA121234", True),
     ("22BH1234AB", True), ("TR123456", True), ("1234", False), ("MH12AB12345", False)],
)  # fmt: skip
def test_vehicle_numbers_are_those_the_portal_takes(plate, good):
    assert bool(found(movement(vehicle_number=plate), "T05")) is not good


def test_a_distance_or_transporter_that_the_portal_refuses_blocks():
    assert one(movement(lines=DEAR, distance_km=4001), "T05").blocks
    assert one(movement(lines=DEAR, transporter_id="27AAPFU0939F1ZO"), "T05").blocks


def test_a_paper_grows_too_old_for_an_eway_bill():
    facts = movement(lines=DEAR, dispatch_date=TODAY - timedelta(days=181))
    assert one(facts, "T07").blocks
    assert not found(replace(facts, dispatch_date=TODAY - timedelta(days=180)), "T07")


def test_an_invoice_between_registrations_asks_for_its_irn_by_turnover():
    facts = movement(destination=BENGALURU)
    assert one(facts, "T09", Standing()).severity is Severity.WARN
    assert one(facts, "T09", replace(KNOWN, turnover_paise=6 * CRORE)).blocks
    assert not found(facts, "T09", replace(KNOWN, turnover_paise=5 * CRORE))
    elsewhere = replace(KNOWN, turnover_paise=6 * CRORE, irn_elsewhere=True)
    assert one(facts, "T09", elsewhere).severity is Severity.INFO
    assert not found(movement(), "T09", Standing())


def test_a_registration_barred_from_eway_bills_stops_only_what_needs_one():
    barred = replace(KNOWN, blocked_gstins=frozenset({NAGPUR.gstin}))
    assert any(f.blocks for f in found(movement(lines=DEAR), "T10", barred))
    assert not found(movement(), "T10", barred)
    assert one(movement(lines=DEAR), "T10", Standing()).severity is Severity.INFO


# --- offers --------------------------------------------------------------------------------------


@given(st.integers(1, 2000), st.integers(1, 2000))
@example(1000, 1000)
@example(1001, 1000)
def test_no_offer_stands_above_the_mrp(price, mrp):
    facts = offer(lines=(biscuits(offer_price_paise=price, mrp_paise=mrp),))
    assert bool(found(facts, "P01")) is (price > mrp)


def test_an_unknown_mrp_is_said_to_be_unchecked():
    line = biscuits(offer_price_paise=880, mrp_paise=0)
    assert one(offer(lines=(line,)), "P01").severity is Severity.WARN


@given(st.integers(1, 3000), st.integers(1, 2000), st.integers(-3000, 3000))
@example(893, 850, 0)
@example(892, 850, 0)
def test_the_margin_floor_holds_on_the_price_without_gst(price, cost, floor_bp):
    line = biscuits(offer_price_paise=price, cost_paise=cost, mrp_paise=5000)
    facts = offer(lines=(line,), margin_floor_bp=floor_bp)
    rate = 500
    net = (price * 10_000 * 2 + (10_000 + rate)) // (2 * (10_000 + rate))
    assert bool(found(facts, "P10")) is (net < floor_price(cost, floor_bp))
    assert bool(found(facts, "P06")) is (net < cost)


def test_below_cost_is_allowed_by_a_negative_floor_but_a_person_is_asked():
    line = biscuits(offer_price_paise=700, cost_paise=700)
    facts = offer(lines=(line,), margin_floor_bp=-1000)
    assert not found(facts, "P10")
    assert one(facts, "P06").severity is Severity.WARN


@pytest.mark.parametrize(
    ("kind", "code", "severity"),
    [("on_invoice", "P03", Severity.INFO), ("post_sale", "P04", Severity.WARN),
     ("buy_x_get_y", "P07", Severity.INFO), ("free_sample", "P07", Severity.INFO)],
)  # fmt: skip
def test_each_class_of_offer_says_what_follows(kind, code, severity):
    assert one(offer(offer_class=kind), code).severity is severity


def test_an_invented_class_of_offer_blocks():
    assert one(offer(offer_class="cashback"), "P04").blocks


def test_goods_that_expire_before_the_offer_ends_block_with_the_day():
    line = biscuits(offer_price_paise=880, expiry_date=date(2026, 12, 6))
    finding = one(offer(lines=(line,)), "P05")
    assert finding.blocks
    assert "06-12-2026" in finding.message


def test_ecommerce_asks_for_a_share_of_the_life():
    line = biscuits(offer_price_paise=880, manufacture_date=date(2026, 8, 1), expiry_date=date(2027, 1, 20))
    online = replace(line, trade_channels=("general_trade", "e_commerce"))
    assert one(offer(lines=(online,)), "P08").blocks
    assert not found(offer(lines=(line,)), "P08")
    assert one(offer(lines=(replace(line, trade_channels=("quick_commerce",)),)), "P08").blocks
    undated = (replace(online, manufacture_date=None),)
    assert one(offer(lines=undated), "P08").severity is Severity.WARN


def test_each_line_of_an_offer_is_held_to_the_life_that_its_own_buyers_want():
    line = biscuits(offer_price_paise=880, expiry_date=date(2027, 1, 10))  # 34 days after the last delivery
    assert not found(offer(lines=(line,)), "P05")
    assert one(offer(lines=(replace(line, minimum_days_at_delivery=35),)), "P05").blocks
    assert not found(offer(lines=(replace(line, minimum_days_at_delivery=34),)), "P05")


def test_an_unclear_rate_blocks_an_offer_and_no_tax_is_invented():
    facts = offer(lines=(soap(rate_item="", offer_price_paise=3000),))
    assert one(facts, "G04").blocks
    assert look(facts).tax_paise == 0


def test_the_tax_inside_an_offer_is_worked_out_from_its_prices():
    lines = (biscuits(offer_price_paise=1050, mrp_paise=1100, quantity=10),
             detergent(offer_price_paise=1180, mrp_paise=2000, cost_paise=900, quantity=10))  # fmt: skip
    examination = look(offer(lines=lines))
    assert (examination.taxable_paise, examination.tax_paise) == (20_000, 2_300)


# --- what goes out -------------------------------------------------------------------------------


def test_a_violation_names_its_rules_and_the_strongest_objection():
    findings = look(movement(lines=(biscuits(expiry_date=TODAY - timedelta(days=1), uqc="X"),))).findings
    event = violation(
        action_id="a1", kind="transfer", subject="SKU-101", findings=findings, rule_version=RULE_VERSION
    )
    assert event.rule_ids == ("G05", "T08")
    assert event.severity == "block"
    assert event.findings[0]["facts"]["sku"] == "SKU-101"
