"""Papers as data: what they hold, how they add up, what portals and auditors get."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compliance.contracts import Document, EwayBill, PaperKind, SeriesOpening
from compliance.documents import (
    bill_of_supply,
    build,
    check_eway,
    delivery_challan,
    eway_bill,
    eway_json,
    freeze,
    period_report,
    read,
    seal_of,
    tax_invoice,
    thaw,
)
from compliance.documents.figures import amount, figure, per_unit, percent, runs
from compliance.documents.words import in_words, rupees_in_words
from compliance.rules import NUMBER, inspect
from tests.compliance.movements import (
    BENGALURU,
    NAGPUR,
    PUNE_SECOND,
    TODAY,
    biscuits,
    movement,
    movements,
    salt,
    soap,
)
from tests.compliance.periods import FIRST, approval, challan, discount, finding, paper, period, write_off
from vyapar.kernel.errors import Invalid, Refused
from vyapar.kernel.facts import MovementFacts
from vyapar.law.tax import IGST
from vyapar.law.version import RULE_VERSION

HEADS = ("taxable_paise", "cgst_paise", "sgst_paise", "igst_paise", "cess_paise", "quantity")


# --- building ------------------------------------------------------------------------------------


@given(movements())
def test_totals_tie_halves_are_equal_and_the_total_ends_in_whole_rupees(facts):
    document = build(facts)
    for head in HEADS:
        assert getattr(document.totals, head) == sum(getattr(line, head) for line in document.lines)
    assert document.totals.total_paise % 100 == 0
    assert abs(document.totals.round_off_paise) <= 50
    assert (
        document.totals.total_paise
        == document.totals.taxable_paise + document.totals.tax_paise + document.totals.round_off_paise
    )
    for line in document.lines:
        assert line.cgst_paise == line.sgst_paise
        assert not (line.cgst_paise and line.igst_paise)
        assert line.total_paise == line.taxable_paise + line.tax_paise


@given(movements())
def test_the_registrations_choose_the_paper_and_only_supplies_bear_tax(facts):
    document = build(facts)
    same = facts.source.gstin == facts.destination.gstin
    nil = all(line.exempt for line in document.lines)
    kinds = {
        True: PaperKind.DELIVERY_CHALLAN,
        False: PaperKind.BILL_OF_SUPPLY if nil else PaperKind.TAX_INVOICE,
    }
    assert document.kind is kinds[same]
    assert document.is_supply is not same
    if same or nil:
        assert document.totals.tax_paise == 0
    assert bool(document.valuation) is not same
    assert document.is_between_states is (document.tax_kind == IGST)


@given(movements())
def test_what_is_built_passes_the_rules_of_papers(facts):
    assert [f.code for f in inspect(replace(build(facts), number="PN/2627/00001"))] == []


@given(movements())
def test_a_paper_survives_being_stored_with_the_same_seal(facts):
    document = build(facts, number="PN/1")
    stored = json.loads(json.dumps(freeze(document)))
    assert thaw(stored) == document
    assert seal_of(thaw(stored)) == seal_of(document)


def test_a_stored_paper_that_was_meddled_with_is_refused_or_has_another_seal():
    document = build(movement(), number="DC/1")
    stored = freeze(document)
    assert seal_of(thaw(stored | {"number": "DC/2"})) != seal_of(document)
    with pytest.raises(Invalid):
        thaw(stored | {"document_date": "yesterday"})
    with pytest.raises(Invalid):
        thaw({key: value for key, value in stored.items() if key != "seller"})
    with pytest.raises(Invalid):
        read(Document, stored | {"number": 7})


def test_each_module_builds_its_own_paper_and_refuses_the_others():
    own, supply = movement(), movement(destination=BENGALURU)
    exempt = movement(destination=BENGALURU, lines=(salt(),))
    builders = (delivery_challan.build, tax_invoice.build, bill_of_supply.build)
    for wanted, facts in enumerate((own, supply, exempt)):
        for index, builder in enumerate(builders):
            if index == wanted:
                assert builder(facts).lines
            else:
                with pytest.raises(Refused) as caught:
                    builder(facts)
                assert caught.value.code == "wrong_paper"


def test_an_unclear_rate_stops_a_supply_and_names_every_row():
    lines = (biscuits(), soap(rate_item=""), soap(rate_item="", batch="S2"))
    with pytest.raises(Refused) as caught:
        build(movement(destination=BENGALURU, lines=lines))
    assert [fault.row for fault in caught.value.faults] == [2, 3]
    assert build(movement(lines=lines)).totals.tax_paise == 0


def test_an_invented_valuation_stops_a_supply():
    with pytest.raises(Refused) as caught:
        build(movement(destination=BENGALURU, valuation="guess"))
    assert caught.value.code == "valuation"


@pytest.mark.parametrize(
    ("valuation", "taxable"),
    [
        ("open_market", 80_000),
        ("invoice_value", 80_000),
        ("ninety_percent", 72_000),
        ("cost_plus_10", 77_000),
    ],
)
def test_the_option_of_rule_28_is_applied_stored_and_explained(valuation, taxable):
    document = build(movement(destination=BENGALURU, valuation=valuation))
    assert document.totals.taxable_paise == taxable
    assert document.valuation == valuation
    assert "CGST" in document.valuation_note


@pytest.mark.parametrize(("day", "bp"), [(date(2025, 9, 21), 1800), (date(2025, 9, 22), 500)])
def test_the_rate_on_the_paper_is_that_of_its_own_day(day, bp):
    line = biscuits(expiry_date=date(2026, 9, 1), manufacture_date=None)
    document = build(movement(destination=BENGALURU, lines=(line,), dispatch_date=day))
    assert document.lines[0].rate_bp == bp


def test_around_a_change_of_rate_two_of_three_events_decide():
    facts = movement(destination=BENGALURU, dispatch_date=date(2025, 9, 22))
    assert build(facts, document_date=date(2025, 9, 21)).lines[0].rate_bp == 500


def test_a_paper_carries_its_year_its_reason_and_the_rules_it_was_made_under():
    document = build(movement(dispatch_date=date(2027, 3, 31)), number="DC/1", simulated=True)
    assert document.financial_year == "2026-27"
    assert document.rule_version == RULE_VERSION
    assert "Rule 55" in document.basis
    assert document.simulated
    assert len(document.copies) == 3


# --- rules of papers -----------------------------------------------------------------------------


@given(st.text("ABCxyz0129-/ ", max_size=18))
@example("A" * 16)
@example("A" * 17)
@example("0A")
def test_numbers_are_sixteen_capitals_digits_hyphens_and_slashes(number):
    first_bad = number[:1] in {"0", "-", "/"}
    lawful = set(number) <= set("ABC0129-/") and 1 <= len(number) <= 16 and not first_bad
    assert bool(NUMBER.fullmatch(number)) is lawful
    if number:
        document = replace(build(movement()), number=number)
        assert bool([f for f in inspect(document) if f.code == "D01"]) is not lawful


def test_a_meddled_paper_is_caught_by_the_rule_it_breaks():
    document = build(movement(destination=PUNE_SECOND), number="PN/1")
    line = document.lines[0]

    def codes(**changes) -> set[str]:
        return {f.code for f in inspect(replace(document, **changes))}

    assert codes() == set()
    assert codes(kind=PaperKind.DELIVERY_CHALLAN) >= {"T01"}
    assert codes(tax_kind=IGST) >= {"T02"}
    assert codes(lines=(replace(line, sgst_paise=line.sgst_paise + 1),)) >= {"T02", "D02"}
    assert codes(totals=replace(document.totals, total_paise=document.totals.total_paise + 100)) == {"D02"}
    assert codes(financial_year="2025-26") == {"D01"}
    assert codes(seller=replace(document.seller, fssai="")) == {"F01"}
    assert codes(seller=replace(document.seller, gstin="")) >= {"T01"}


# --- e-way bill ----------------------------------------------------------------------------------

KEYS = {
    "userGstin", "supplyType", "subSupplyType", "subSupplyDesc", "docType", "docNo", "docDate",
    "transType", "fromGstin", "fromTrdName", "fromAddr1", "fromAddr2", "fromPlace", "fromPincode",
    "fromStateCode", "actualFromStateCode", "toGstin", "toTrdName", "toAddr1", "toAddr2", "toPlace",
    "toPincode", "toStateCode", "actualToStateCode", "totalValue", "cgstValue", "sgstValue",
    "igstValue", "cessValue", "TotNonAdvolVal", "OthValue", "totInvValue", "transMode",
    "transDistance", "transporterName", "transporterId", "transDocNo", "transDocDate", "vehicleNo",
    "vehicleType", "mainHsnCode", "itemList",
}  # fmt: skip


def issued(**changes) -> Document:
    return build(movement(destination=BENGALURU, **changes), number="PN/2627/00042")


def test_the_upload_file_has_the_portals_keys_and_numbers():
    document = issued(lines=(biscuits(quantity=6001, unit_value_paise=833), salt(quantity=10)))
    file = eway_json(document, at_date=TODAY)
    assert set(file) == {"version", "billLists"}
    (bill,) = json.loads(json.dumps(file))["billLists"]
    assert set(bill) == KEYS
    assert (bill["docType"], bill["subSupplyType"], bill["transType"]) == ("INV", 1, 1)
    assert bill["docDate"] == "23/11/2026"
    assert bill["fromPincode"] == 411001
    assert bill["totalValue"] == 50068.33
    assert bill["igstValue"] == 2499.42
    assert bill["OthValue"] == 0.25
    assert bill["totInvValue"] == 52568
    assert bill["mainHsnCode"] == 19053100
    item = bill["itemList"][0]
    assert (item["igstRate"], item["cgstRate"], item["qtyUnit"]) == (5, 0, "PCS")


def test_a_challan_is_declared_as_own_use_without_tax():
    bill = eway_bill(build(movement(), number="DC/1"))
    assert (bill.document_type, bill.sub_supply_type) == ("CHL", 5)
    assert all(item.igst_bp == item.cgst_bp == 0 for item in bill.items)


@pytest.mark.parametrize(
    ("route", "said", "taxed"),
    [
        ("financial_credit_note", ("CHL", 8, "Goods returned"), False),
        ("gst_credit_note", ("CHL", 8, "Goods returned"), False),
        ("fresh_supply", ("INV", 1, ""), True),
    ],
)
def test_goods_that_go_back_are_declared_as_others_on_a_challan_and_as_supply_on_an_invoice(
    route, said, taxed
):
    """The portal has no outward type for them: 5 is own use and 7 the inward leg of a sales return."""
    company = replace(
        BENGALURU, legal_name="Tivrano Foods Ltd", trade_name="", gstin="24AAACT2727Q1Z2", state_code="24",
        pincode="380001", place="Ahmedabad", address="1 Mill Road",
    )  # fmt: skip
    facts = movement(destination=company, return_route=route, distance_km=530, vehicle_number="MH12AB1234")
    document = build(facts, number="DC/27/2627/00014")
    file = eway_json(document, at_date=TODAY)
    (bill,) = json.loads(json.dumps(file))["billLists"]
    assert set(bill) == KEYS
    assert check_eway(eway_bill(document), at_date=TODAY) == ()
    assert (bill["docType"], bill["subSupplyType"], bill["subSupplyDesc"]) == said
    assert (bill["supplyType"], bill["transType"], bill["transDistance"]) == ("O", 1, 530)
    assert (bill["toGstin"], bill["toStateCode"], bill["toPincode"]) == (company.gstin, 24, 380001)
    assert (bill["igstValue"] > 0, bill["cgstValue"], bill["sgstValue"]) == (taxed, 0, 0)
    assert all((item["igstRate"] > 0) is taxed for item in bill["itemList"])
    paise = round((bill["totalValue"] + bill["igstValue"] + bill["OthValue"]) * 100)
    assert round(bill["totInvValue"] * 100) == paise


@given(movements())
def test_what_is_built_would_pass_the_portals_own_checks(facts):
    bill = eway_bill(build(facts, number="PN/1"))
    distance = (
        max(1, min(facts.distance_km, 100)) if facts.source.pincode == facts.destination.pincode else None
    )
    bill = replace(bill, distance_km=distance or facts.distance_km)
    assert check_eway(bill, at_date=TODAY) == ()


def test_a_chapter_below_ten_keeps_its_zero():
    document = issued(lines=(biscuits(hsn="04051000", quantity=9000),))
    bill = eway_json(document, at_date=TODAY)["billLists"][0]
    assert bill["mainHsnCode"] == "04051000"


def test_more_than_250_goods_are_merged_by_code_unit_and_rate():
    lines = tuple(biscuits(batch=f"B{n}", sku=f"S{n}") for n in range(240)) + tuple(
        soap(batch=f"P{n}") for n in range(20)
    )
    document = issued(lines=lines)
    bill = eway_bill(document)
    assert [(item.hsn, item.quantity, item.serial) for item in bill.items] == [
        ("19053100", 24_000, 1),
        ("34011190", 2_000, 2),
    ]
    assert sum(item.taxable_paise for item in bill.items) == document.totals.taxable_paise
    assert len(eway_bill(issued(lines=lines[:250])).items) == 250


def test_a_simulated_paper_says_so_in_its_file():
    document = replace(issued(), simulated=True)
    assert eway_json(document, at_date=TODAY)["note"] == "SIMULATED - not filed"


def test_a_paper_without_number_has_no_eway_bill():
    with pytest.raises(Refused):
        eway_bill(build(movement()))


def spoil(bill: EwayBill, **changes) -> EwayBill:
    return replace(bill, **changes)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("206", {"document_number": "0A"}),
        ("204", {"document_type": "XYZ"}),
        ("205", {"sub_supply_type": 5}),
        ("207", {"document_date": TODAY - timedelta(days=181)}),
        ("359", {"user_gstin": BENGALURU.gstin}),
        ("233", {"items": ()}),
        ("234", {"taxable_paise": 1}),
        ("251", {"cgst_paise": 1}),
        ("620", {"total_paise": 1}),
        ("221", {"distance_km": 4001}),
        ("225", {"vehicle_number": "1234"}),
        ("619", {"vehicle_number": ""}),
    ],
)
def test_each_slip_is_named_by_the_portals_own_code(code, changes):
    found = check_eway(spoil(eway_bill(issued()), **changes), at_date=TODAY)
    assert f"NIC-{code}" in {f.code for f in found}
    assert all(f.blocks and f.basis for f in found)


@pytest.mark.parametrize(
    ("code", "side", "changes"),
    [("208", "source", {"gstin": "27AAPFU0939F1ZO"}), ("212", "destination", {"gstin": "X"}),
     ("211", "source", {"state_code": "29"}), ("215", "destination", {"state_code": "77"}),
     ("437", "source", {"pincode": "560001"}), ("436", "destination", {"pincode": "411001"})],
)  # fmt: skip
def test_each_slip_of_a_party_is_named_by_the_portals_own_code(code, side, changes):
    bill = eway_bill(issued())
    bill = spoil(bill, **{side: replace(getattr(bill, side), **changes)})
    assert f"NIC-{code}" in {f.code for f in check_eway(bill, at_date=TODAY)}


def test_tax_under_the_wrong_head_and_a_far_trip_inside_one_pincode_are_named():
    across = spoil(eway_bill(issued()), cgst_paise=5, sgst_paise=5)
    assert "NIC-624" in {f.code for f in check_eway(across, at_date=TODAY)}
    inside = eway_bill(build(movement(destination=PUNE_SECOND), number="PN/1"))
    codes = {f.code for f in check_eway(spoil(inside, igst_paise=5), at_date=TODAY)}
    assert {"NIC-623", "NIC-702"} <= codes


def test_the_upload_is_refused_with_one_fault_for_each_objection():
    bad = issued(distance_km=5000, vehicle_number="12")
    with pytest.raises(Refused) as caught:
        eway_json([issued(), bad], at_date=TODAY)
    assert [(fault.row, fault.code) for fault in caught.value.faults] == [(2, "NIC-221"), (2, "NIC-225")]


# --- period report -------------------------------------------------------------------------------


def codes_of(**changes) -> list[str]:
    return [f.code for f in period_report.build(period(**changes)).exceptions]


def test_a_clean_period_has_no_exceptions_and_every_check_holds():
    report = period_report.build(period())
    assert report.exceptions == ()
    assert all(held for _, held in report.checks)
    assert report.rule_version == RULE_VERSION


@given(st.sets(st.integers(1, 60), min_size=1, max_size=40), st.integers(0, 5))
def test_every_missing_number_of_a_series_is_found_and_no_other(used, opening):
    numbers = {n + opening for n in used}
    openings = (SeriesOpening(paper().gstin, PaperKind.TAX_INVOICE, "2026-27", "PN", opening),)
    report = period_report.build(period(documents=tuple(map(paper, numbers)), openings=openings))
    (series,) = report.series
    assert set(series.missing) == set(range(opening + 1, max(numbers) + 1)) - numbers
    assert series.issued == len(numbers)
    assert (series.first_number, series.last_number) == (
        f"PN/2627/{min(numbers):05d}",
        f"PN/2627/{max(numbers):05d}",
    )
    assert bool([f for f in report.exceptions if f.code == "R-GAP"]) is bool(series.missing)


@given(st.randoms(use_true_random=False))
def test_the_report_does_not_depend_on_the_order_of_its_rows(chance: random.Random):
    rows = [paper(n) for n in range(1, 8)] + [challan(n) for n in range(1, 5)]
    findings = [finding(code=code) for code in ("T08", "G01", "P01")]
    first = period_report.build(period(documents=tuple(rows), findings=tuple(findings)))
    chance.shuffle(rows)
    chance.shuffle(findings)
    assert period_report.build(period(documents=tuple(rows), findings=tuple(findings))) == first


def test_sums_leave_out_what_was_cancelled_but_the_register_keeps_it():
    rows = (paper(1), paper(2, cancelled=True, cancelled_reason="wrong batch"))
    report = period_report.build(period(documents=rows))
    assert report.sums["documents"] == 2
    assert report.sums["cancelled"] == 1
    assert report.sums["taxable_paise"] == rows[0].taxable_paise
    assert report.series[0].net_issued == 1


def test_credit_notes_take_off_in_the_sums_and_are_no_transfers():
    invoice = paper(
        1, total_paise=105_000, taxable_paise=100_000, igst_paise=5_000, cgst_paise=0, sgst_paise=0
    )
    note = replace(
        invoice, kind=PaperKind.CREDIT_NOTE, number="CN/27/2627/00001", series="CN/27/2627/", sequence=1,
        taxable_paise=10_000, igst_paise=500, total_paise=10_500,
    )  # fmt: skip
    report = period_report.build(period(documents=(invoice, note)))
    assert (report.sums["taxable_paise"], report.sums["tax_paise"]) == (90_000, 4_500)
    assert (report.sums["credit_notes"], report.sums["credited_tax_paise"]) == (1, 500)
    assert [row.kind for row in report.transfers] in ([], [PaperKind.TAX_INVOICE])
    credit = next(one for one in report.series if one.kind is PaperKind.CREDIT_NOTE)
    assert (credit.table_13_class, credit.taxable_paise) == (5, 10_000)


def test_transfers_are_supplies_between_registrations_of_one_pan_that_stand():
    other = paper(3, party_gstin="29AABCR1718E1ZL")
    gone = paper(4, cancelled=True, cancelled_reason="x")
    report = period_report.build(period(documents=(paper(1), challan(1), other, gone)))
    assert [row.number for row in report.transfers] == ["PN/2627/00001"]


def test_each_exception_has_its_code():
    assert codes_of(documents=(paper(1), paper(1, document_id="d9"))) == ["R-TWICE"]
    assert codes_of(documents=(paper(1, cancelled=True),)) == ["R-REASON"]
    assert codes_of(documents=(paper(1, total_paise=1),)) == ["R-SUM"]
    assert codes_of(documents=(challan(1, eway_needed=True),)) == ["R-EWAY"]
    assert codes_of(documents=(challan(1, eway_needed=True, eway_number="301002999920"),)) == []
    assert codes_of(write_offs=(write_off(reversed_paise=0),)) == ["R-ITC"]
    assert codes_of(write_offs=(write_off(traced=False),)) == ["R-TRACE"]
    assert codes_of(write_offs=(write_off(way="return_to_company", reversed_paise=0),)) == []
    assert codes_of(documents=(paper(1, simulated=True),)) == ["R-SIMULATED"]


@pytest.mark.parametrize("way", ["destroy", "donate", "write_off", "damaged", "short", "eaten by rats"])
def test_whatever_leaves_otherwise_than_by_sale_loses_its_credit(way):
    assert codes_of(write_offs=(write_off(way=way),)) == []
    assert codes_of(write_offs=(write_off(way=way, reversed_paise=0),)) == ["R-ITC"]


def test_a_broken_chain_is_the_strongest_exception():
    chain = replace(period().chain, intact=False, broken_at=17, detail="seal differs")
    report = period_report.build(period(chain=chain))
    assert [f.code for f in report.exceptions if f.blocks] == ["R-CHAIN"]
    somewhere = period_report.build(period(chain=replace(chain, broken_at=None))).exceptions[0]
    assert "None" not in somewhere.message


def test_figures_of_people_and_discounts_add_up():
    report = period_report.build(
        period(discounts=(discount(), discount(sku="B")), approvals=(approval(), approval(automatic=True)))
    )
    assert report.sums["discount_given_paise"] == 2 * 480 * 110
    assert (report.sums["approved_alone"], report.sums["approved_by_people"]) == (1, 1)
    assert report.sums["itc_reversed_paise"] == 496_00
    assert report.facts.first_date == FIRST


# --- words and figures ---------------------------------------------------------------------------

VALUES = {"Crore": 10_000_000, "Lakh": 100_000, "Thousand": 1_000, "Hundred": 100}


def number_of(words: str) -> int:
    """Reads `in_words` back."""
    total = group = 0
    names = {in_words(n): n for n in (*range(20), *range(20, 100, 10))}
    for word in words.split():
        if word in VALUES:
            if word == "Crore":
                total, group = (total + group) * VALUES[word], 0
            elif word == "Hundred":
                group *= 100
            else:
                total, group = total + group * VALUES[word], 0
        else:
            group += names[word]
    return total + group


@given(st.integers(0, 10**9 - 1))
@example(0)
@example(100_000)
@example(1_05_00_019)
def test_words_say_the_number(number):
    assert number_of(in_words(number)) == number


def test_amounts_are_spelt_as_on_indian_papers():
    assert rupees_in_words(49_350_00) == "Rupees Forty Nine Thousand Three Hundred Fifty Only"
    assert rupees_in_words(1_00_000_05) == "Rupees One Lakh and Five Paise Only"
    assert rupees_in_words(0) == "Rupees Zero Only"


def test_figures_are_grouped_and_lose_nothing():
    assert (amount(1_23_456_789), figure(0), amount(-5)) == ("12,34,567.89", "–", "−0.05")
    assert (per_unit(1000, 3), per_unit(800, 1), per_unit(5, 0)) == ("3.3333", "8.00", "–")
    assert (percent(500), percent(250), percent(0)) == ("5 %", "2.5 %", "0 %")
    assert (percent(4000), percent(2000), percent(1000), percent(25)) == ("40 %", "20 %", "10 %", "0.25 %")
    assert (runs((7, 40, 41, 42, 60)), runs(())) == ("7, 40–42, 60", "")


def test_facts_are_not_changed_by_building():
    facts = movement(destination=NAGPUR)
    copy = replace(facts)
    build(facts)
    assert facts == copy
    assert isinstance(facts, MovementFacts)
