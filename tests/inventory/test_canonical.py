"""The canonical form: every writing of a value is understood or refused by name, and nothing ever breaks."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import (
    FIELDS,
    KEYS,
    Form,
    api_names,
    frame_of_records,
    is_counted_in_packs,
    locate,
    read,
)
from inventory.feeds.canonical.amounts import paise_of
from inventory.feeds.canonical.days import days_of, instants_of, no_such_day
from inventory.feeds.canonical.identities import (
    channels_of,
    gstin_of,
    hsn_of,
    language_of,
    phone_of,
    pincode_of,
)
from inventory.feeds.canonical.quantities import PACK_SCHEMA
from inventory.feeds.canonical.units import unit_named
from tests.conftest import NOW
from tests.inventory.book import sale
from vyapar.kernel.calendar import IST, ist_day, ist_instant
from vyapar.kernel.money import group_indian

K = RecordKind
PACKS = pl.DataFrame(
    {"sku": ["S1", "RICE", "TEA"], "case_pack": [12, 1, 24], "uqc": ["PCS", "KGS", "BOX"]}, schema=PACK_SCHEMA
)


def stock(**changes) -> dict:
    return {"sku": "S1", "batch": "B1", "location": "GD", "quantity": 1, **changes}


def reading(kind: RecordKind, *rows: dict, packs: pl.DataFrame | None = PACKS):
    return read(kind, frame_of_records(rows), at=NOW, packs=packs)


def money(*values) -> list[int | None]:
    column = pl.Series("m", values, strict=False)
    return paise_of(column, column.cast(pl.String) if column.dtype != pl.String else column).to_list()


def days(*values, months: bool = False) -> list[date | None]:
    column = pl.Series("d", values, strict=False)
    return days_of(column, column.cast(pl.String), months=months).to_list()


def instants(*values, end: bool = False) -> list[datetime | None]:
    column = pl.Series("i", values, strict=False)
    return instants_of(column, column.cast(pl.String), end_of_day=end).to_list()


class TestTheTable:
    def test_every_kind_has_its_fields_and_each_field_one_name_at_the_api(self):
        assert set(FIELDS) == set(KEYS) == set(RecordKind)
        for kind, specs in FIELDS.items():
            names = [spec.name for spec in specs]
            assert len(set(names)) == len(names)
            assert len({spec.api for spec in specs}) == len(specs)
            assert set(KEYS[kind]) <= set(names)
            assert all(spec.says for spec in specs)
            assert all(word == word.lower() for spec in specs for word in spec.synonyms)

    def test_whole_paise_have_the_name_of_their_amount_at_the_api(self):
        names = api_names(K.SALES)
        assert names["unit_price_paise"] == names["unit_price"] == "unitPrice"


class TestMoney:
    @pytest.mark.parametrize(
        ("text", "paise"),
        [
            ("1,23,456.50", 12_345_650),
            ("1,234,567", 123_456_700),
            ("₹ 5", 500),
            ("Rs. 1,234/-", 123_400),
            ("rs 7.5", 750),
            ("INR 12.05", 1_205),
            ("(12.50)", -1_250),
            ("12.50-", -1_250),
            ("-₹3", -300),
            (".5", 50),
            ("5.", 500),
            ("12.5000", 1_250),
            ("0", 0),
            ("00012.10", 1_210),
        ],
    )
    def test_indian_writings_are_understood(self, text, paise):
        assert money(text) == [paise]

    @pytest.mark.parametrize(
        "text",
        [
            "12.345",
            "12,34",
            "1,2,3",
            "1e3",
            "1e308",
            "nan",
            "inf",
            "-inf",
            "٣",
            "twelve",
            "1 2",
            "--1",
            "1.2.3",
            "9" * 14,
            "₹",
            "()",
            "-",
            "0x10",
        ],
    )
    def test_what_is_no_amount_is_not_guessed(self, text):
        assert money(text) == [None]

    def test_numbers_are_read_to_the_paisa_and_no_further(self):
        assert money(12.35, 0.1, -2.5) == [1_235, 10, -250]
        assert money(12.345, float("nan"), float("inf"), 1e308, -1e308) == [None] * 5
        assert money(12, -3) == [1_200, -300]
        assert money(2**62, 10**13) == [None, None]
        assert money(Decimal("12.30"), Decimal("1.234")) == [1_230, None]

    @given(paise=st.integers(-(10**12), 10**12))
    @example(paise=-1)
    @settings(max_examples=150, deadline=None)
    def test_every_amount_survives_indian_grouping(self, paise):
        sign = "-" if paise < 0 else ""
        text = f"{group_indian(abs(paise) // 100)}.{abs(paise) % 100:02d}"
        assert money(f"{sign}{text}", f"₹{sign}{text}", f"({text})" if sign else text) == [paise] * 3


class TestQuantities:
    def test_the_least_number_of_64_bits_is_too_much_for_every_figure(self):
        least = -(2**63)
        row = {
            "transaction_id": "T1", "retailer_id": "R1", "sku": "S1", "quantity": least, "unit_price": least,
            "timestamp": "2026-11-20T10:00:00+05:30",
        }  # fmt: skip
        assert {(one.field, one.code) for one in reading(K.SALES, row).faults} == {
            ("quantity", "too_large"), ("unitPrice", "not_money"),
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("row", "pieces"),
        [
            ({"quantity": " 10 EA"}, 10),
            ({"quantity": "10 EA = 1 CTN"}, 10),
            ({"quantity": "2 CASE 3 PCS"}, 27),
            ({"quantity": "2 CASE-3 PCS"}, 27),
            ({"quantity": "-2 CASE 3 PCS"}, -27),
            ({"quantity": "5-3 PCS", "unit": "CASE"}, 63),
            ({"quantity": "2-3 PCS", "unit": "DOZ"}, 27),
            ({"quantity": "1.5 CTN"}, 18),
            ({"quantity": "2 doz"}, 24),
            ({"quantity": "1 Gross"}, 144),
            ({"quantity": "3 prs."}, 6),
            ({"quantity": "1,200 Nos."}, 1_200),
            ({"quantity": 2, "unit": "cs"}, 24),
            ({"quantity": 2.5, "unit": "CASE"}, 30),
            ({"quantity": "7", "unit": "KAR"}, None),
            ({"quantity": "7.000"}, 7),
            ({"quantity": "0"}, 0),
            ({"quantity": "5 BOX", "sku": "TEA"}, 5),
            ({"quantity": "5 CASE", "sku": "TEA"}, 120),
            ({"quantity": "2 KGS", "sku": "RICE"}, 2),
            ({"quantity": "3000 gm", "sku": "RICE"}, 3),
            ({"quantity": "1 QTL", "sku": "RICE"}, 100),
        ],
    )
    def test_units_and_packs_become_pieces(self, row, pieces):
        assert reading(K.STOCK, stock(**row)).lines["quantity"].to_list() == (
            [] if pieces is None else [pieces]
        )

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ({"quantity": "10 FURLONGS"}, "unknown_unit"),
            ({"quantity": 1, "unit": "KAR"}, "unknown_unit"),
            ({"quantity": "2 CASE", "sku": "NEW"}, "unknown_pack"),
            ({"quantity": "5-3 PCS"}, "unnamed_unit"),
            ({"quantity": "5-3 CASE"}, "unnamed_unit"),
            ({"quantity": "5 3 PCS", "unit": "PCS"}, "unnamed_unit"),
            ({"quantity": "1.5 PCS"}, "not_whole"),
            ({"quantity": "1 KGS"}, "unknown_pack"),
            ({"quantity": "500 gm", "sku": "RICE"}, "not_whole"),
            ({"quantity": "nan"}, "not_whole"),
            ({"quantity": "1e308"}, "not_whole"),
            ({"quantity": float("inf")}, "not_whole"),
            ({"quantity": 10**18}, "too_large"),
            ({"quantity": None}, "not_whole"),
            ({"quantity": "9" * 12 + " CASE"}, "too_large"),
            ({"quantity": [1]}, "not_whole"),
        ],
    )
    def test_what_cannot_be_counted_is_a_fault(self, row, code):
        assert code in [f.code for f in reading(K.STOCK, stock(**row)).faults]

    def test_prices_are_of_the_unit_they_name(self):
        rows = [
            sale("T1", "S1", "24 PCS", unit_price="300.00/CTN"),
            sale("T2", "S1", 2, unit="CASE", unit_price="300"),
            sale("T3", "S1", "2 CASE", unit_price="25.00 / EA"),
            sale("T4", "S1", "2 CASE", unit_price="25"),
            sale("T5", "S1", 1, unit="CASE", unit_price="100"),
        ]
        lines = reading(K.SALES, *rows).lines
        assert lines["quantity"].to_list() == [24, 24, 24, 24, 12]
        assert lines["unit_price_paise"].to_list() == [2_500, 2_500, 2_500, 2_500, 833]

    def test_a_mrp_is_always_of_a_piece(self):
        lines = reading(K.STOCK, stock(quantity=2, unit="CASE", mrp="100")).lines
        assert lines.select("quantity", "mrp_paise").row(0) == (24, 10_000)

    @given(cases=st.integers(0, 5_000), pieces=st.integers(0, 500), sign=st.sampled_from(["", "-"]))
    @settings(max_examples=100, deadline=None)
    def test_cases_and_pieces_add_up(self, cases, pieces, sign):
        want = (cases * 12 + pieces) * (-1 if sign else 1)
        texts = [
            f"{sign}{cases} CASE {pieces} PCS",
            f" {sign}{cases} ctn {pieces}EA",
            f"{sign}{cases * 12 + pieces}",
        ]
        lines = reading(K.STOCK, *(stock(batch=str(n), quantity=text) for n, text in enumerate(texts))).lines
        assert lines["quantity"].to_list() == [want] * 3

    def test_packs_are_asked_for_only_where_a_unit_is_named(self):
        plain = frame_of_records([stock(), stock(quantity="7"), stock(quantity=None)])
        assert not is_counted_in_packs(K.STOCK, plain)
        assert is_counted_in_packs(K.STOCK, frame_of_records([stock(quantity="1 CASE")]))
        assert is_counted_in_packs(K.STOCK, frame_of_records([stock(unit="PCS")]))
        assert is_counted_in_packs(K.SALES, frame_of_records([sale("T", "S1", 1, unit_price="5/CTN")]))

    @pytest.mark.parametrize(
        ("name", "unit"),
        [
            ("nos", "NOS"),
            ("EA", "PCS"),
            ("Pkt.", "PCS"),
            ("ctn", "CTN"),
            ("Case", "CASE"),
            ("kg", "KGS"),
            ("L", "LTR"),
            ("zzz", "?"),
        ],
    )
    def test_names_of_units(self, name, unit):
        assert unit_named(name) == unit


class TestDays:
    @pytest.mark.parametrize(
        "text",
        [
            "01-04-2026",
            "1/4/26",
            "01.04.2026",
            "1-Apr-26",
            "1 April 2026",
            "01-APR-2026",
            "1st Apr 2026",
            "Apr 1, 2026",
            "20260401",
            "2026-04-01",
            "2026/4/1",
            "46113",
            "2026-04-01 00:00:00",
            "01 04 2026",
        ],
    )
    def test_indian_writings_of_one_day(self, text):
        assert days(text) == [date(2026, 4, 1)]

    @pytest.mark.parametrize(
        "text",
        [
            "31-02-2026",
            "2026-13-01",
            "13/13/2026",
            "1-Foo-26",
            "yesterday",
            "12",
            "1e5",
            "99999",
            "-",
            "0",
            "01-04",
        ],
    )
    def test_what_is_no_day(self, text):
        assert days(text) == [None]

    def test_numbers_are_serials_or_digits(self):
        assert days(46113, 20260401, 7) == [date(2026, 4, 1), date(2026, 4, 1), None]
        assert days(46113.75, float("nan"), 1e300) == [date(2026, 4, 1), None, None]

    def test_a_month_alone_is_its_last_day_where_things_expire(self):
        assert days("04/2026", "Feb-28", "02/28", "2026-04", months=True) == [
            date(2026, 4, 30),
            date(2028, 2, 29),
            date(2028, 2, 29),
            date(2026, 4, 30),
        ]
        assert days("04/2026", "Feb-28") == [None, None]

    @given(day=st.dates(date(1990, 1, 1), date(2089, 12, 31)))
    @settings(max_examples=150, deadline=None)
    def test_every_day_survives_every_writing(self, day):
        shapes = ["%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y", "%d %B %Y", "%Y%m%d", "%Y-%m-%d"]
        if day.year >= 2000:
            shapes += ["%d-%m-%y", "%d-%b-%y"]
        assert days(*(day.strftime(shape) for shape in shapes)) == [day] * len(shapes)

    @given(
        at=st.datetimes(datetime(2001, 1, 1), datetime(2080, 1, 1)).map(lambda t: t.replace(microsecond=0))
    )
    @settings(max_examples=150, deadline=None)
    def test_every_instant_survives_every_writing(self, at):
        local, want = at.replace(tzinfo=IST), at.replace(tzinfo=IST).astimezone(UTC)
        texts = [
            local.isoformat(),
            want.isoformat(),
            want.strftime("%Y-%m-%dT%H:%M:%SZ"),
            at.isoformat(),
            at.isoformat(" "),
            at.strftime("%d-%m-%Y %H:%M:%S"),
            at.strftime("%d/%m/%Y %I:%M:%S %p"),
            at.strftime("%d-%b-%Y %H:%M:%S"),
            at.strftime("%d-%m-%Y %H:%M:%S +05:30"),
        ]
        assert instants(*texts) == [want] * len(texts)
        assert instants(at) == [want]

    @settings(max_examples=200, deadline=None)
    @given(st.integers(1990, 2099), st.integers(0, 14), st.integers(0, 33))
    @example(2026, 2, 31)
    @example(2028, 2, 29)
    def test_a_day_that_the_calendar_does_not_have_is_told_from_what_is_no_day(self, year, month, number):
        try:
            date(year, month, number)
        except ValueError:
            exists = False
        else:
            exists = True
        texts = [f"{number:02d}-{month:02d}-{year}", f"{year}-{month:02d}-{number:02d}T10:00:00+05:30",
                 f"{number}/{month}/{year} 10:15 am", f"{year}{month:02d}{number:02d}"]  # fmt: skip
        assert no_such_day(pl.Series(texts)).to_list() == [not exists] * 4
        others = ["yesterday", "5", "12-Xyz-2026", "tomorrow 10:00", f"28-02-{year} 25:99"]
        assert not no_such_day(pl.Series(others)).any()

    def test_the_words_say_what_is_wrong_with_a_day(self):
        told = {
            "31-02-2026": "the calendar has no such day",
            "31 June 2026 10:15": "the calendar has no such day",
            "soon": "a day and its time",
            "23-11-2026 25:10": "a day and its time",
        }
        found = reading(
            K.SALES, *(sale(f"T{n}", "S1", 1, timestamp=one) for n, one in enumerate(told))
        ).faults
        assert [(one.row, one.code) for one in found] == [(n, "not_an_instant") for n in range(1, 5)]
        assert all(words in one.message for one, words in zip(found, told.values(), strict=True)), found
        years = reading(K.STOCK, stock(expiry_date="01-01-1889"), stock(expiry_date="31-11-2026")).faults
        assert [one.message for one in years] == [
            "write a year from 1990 to 2150",
            "the calendar has no such day; the day comes before the month, e.g. 28-02-2026",
        ]

    def test_a_day_alone_begins_or_ends(self):
        assert instants("01-04-2026", "46113") == [ist_instant(date(2026, 4, 1))] * 2
        assert instants("01-04-2026", end=True) == [ist_instant(date(2026, 4, 2)) - timedelta(microseconds=1)]
        assert instants("46113.5") == [ist_instant(date(2026, 4, 1), time(12))]

    def test_todays_closing_stock_is_what_stands_there_now(self):
        lines = reading(K.STOCK, stock(as_of=ist_day(NOW).strftime("%d-%m-%Y"))).lines
        assert lines["as_of"].to_list() == [NOW]

    def test_what_has_not_happened_yet_is_a_fault(self):
        assert [f.code for f in reading(K.STOCK, stock(as_of="24-11-2026")).faults] == ["in_the_future"]

    LATER = ("2026-11-24T10:00:00+05:30", "24-11-2026 00:05", "2026-11-23T18:36:00Z")

    @pytest.mark.parametrize("written", LATER)
    def test_a_stock_of_tomorrow_is_not_taken_for_that_of_now(self, written):
        assert [f.code for f in reading(K.STOCK, stock(as_of=written)).faults] == ["in_the_future"]
        tonight = reading(K.STOCK, stock(as_of="2026-11-23T23:30:00+05:30")).lines
        assert tonight["as_of"].to_list() == [NOW]


class TestLimits:
    def test_a_vouchers_hundredth_revision_has_lines_of_its_own(self):
        assert reading(K.SALES, sale("T1", "S1", 1, line="1000001")).lines["line"].to_list() == [1_000_001]

    @pytest.mark.parametrize(("length", "codes"), [(3_000, []), (4_000, ["too_long"])])
    def test_tax_details_have_an_end(self, length, codes):
        details = {"note": "ब" * length}
        for written in (details, json.dumps(details, ensure_ascii=False)):
            found = reading(K.SALES, sale("T1", "S1", 1, gst_details=written)).faults
            assert [fault.code for fault in found] == codes


class TestIdentities:
    @pytest.mark.parametrize(
        ("read_one", "text", "value"),
        [
            (gstin_of, " 27aabcu9603r1zn ", "27AABCU9603R1ZN"),
            (gstin_of, "27AABCU9603R1ZM", None),
            (gstin_of, "URP", ""),
            (hsn_of, "1905 31 00", "19053100"),
            (hsn_of, "905", "0905"),
            (hsn_of, "190", "0190"),
            (hsn_of, "19", None),
            (hsn_of, "９０５", None),
            (pincode_of, "400 072", "400072"),
            (pincode_of, "040072", None),
            (pincode_of, "40007", None),
            (phone_of, "098201 23456", "+919820123456"),
            (phone_of, "+91-98201-23456", "+919820123456"),
            (phone_of, "022-23456789", "+912223456789"),
            (phone_of, "9820123456, 9820123457", "+919820123456"),
            (phone_of, "12345", None),
            (language_of, "Hindi", "hi"),
            (language_of, "हिन्दी", "hi"),
            (language_of, "mr-IN", "mr"),
            (language_of, "klingon", None),
            (channels_of, "SMS / WhatsApp", '["sms","whatsapp"]'),
            (channels_of, '["email"]', '["email"]'),
            (channels_of, "pigeon", None),
        ],
    )
    def test_each_is_understood_or_refused(self, read_one, text, value):
        assert read_one(text) == value

    def test_pincodes_lie_in_their_state(self):
        found = locate(pl.Series(["400072", "560001", "700001", "999999", None], dtype=pl.String))
        assert found["pin_state"].to_list() == ["27", "29", "19", None, None]
        assert found["pin_latitude"].to_list()[:3] == pytest.approx([19.1, 12.97, 22.57], abs=0.3)


class TestText:
    def test_scripts_and_pictures_are_kept_and_line_ends_become_spaces(self):
        rows = [
            {"code": f"C{n}", "name": text, "gstin": "27AABCU9603R1ZN"}
            for n, text in enumerate(
                ["  राम किराना 🏪 ", "متجر القدس", "Cafe\u0301", "One\r\nTwo\tThree", "\ufeffMark", "👨‍👩‍👧"]
            )
        ]
        lines = reading(K.TERRITORIES, *rows).lines
        assert lines["name"].to_list() == [
            "राम किराना 🏪",
            "متجر القدس",
            "Café",
            "One Two Three",
            "Mark",
            "👨‍👩‍👧",
        ]

    @pytest.mark.parametrize("mark", ["\x00", "\x04", "\x1b", "\x7f", "\x85x", "\x9f"])
    def test_control_characters_are_refused_by_name(self, mark):
        found = reading(K.TERRITORIES, {"code": "A", "name": f"a{mark}b", "gstin": "27AABCU9603R1ZN"})
        assert [(f.field, f.code) for f in found.faults] == [("name", "control_character")]

    def test_codes_that_a_spreadsheet_took_for_numbers_come_back(self):
        lines = reading(K.STOCK, {"sku": 1001.0, "batch": 7, "location": "G", "quantity": 1}).lines
        assert lines.select("sku", "batch").row(0) == ("1001", "7")

    def test_a_structure_is_no_text(self):
        found = reading(K.STOCK, stock(sku={"a": 1}))
        assert [(f.field, f.code) for f in found.faults] == [("sku", "not_text")]


class TestWarnings:
    def test_what_is_taken_and_should_be_looked_at(self):
        row = {"sku": "S", "name": "N", "hsn": "01012100", "mrp": "10", "cost": "120", "trade_price": "11"}
        found = reading(K.SKUS, row)
        assert found.faults == ()
        assert {f.code for f in found.warnings} == {"hsn_unlisted", "cost_above_mrp", "price_above_mrp"}

    def test_a_cancelled_sale_needs_only_its_number(self):
        found = reading(
            K.SALES, {"transaction_id": "T1", "cancelled": "Yes", "quantity": "", "unit_price": None}
        )
        assert found.faults == ()
        assert found.lines.select("transaction_id", "line", "cancelled").row(0) == ("T1", None, True)


# --- whatever comes ------------------------------------------------------------------------------

_VALUES = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=3),
    st.binary(max_size=4),
    st.times(),
    st.timedeltas(),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 3), max_size=2),
    st.sampled_from(
        [
            "10 EA",
            "2 CASE 3 PCS",
            "1-Apr-26",
            "₹1,234.50",
            "01/04/2026 10:15 AM",
            "nan",
            "1e308",
            "27AABCU9603R1ZN",
            "400072",
            "\x00",
            "300.00/CTN",
            "46113.5",
            "04/2027",
            "{}",
            '{"a":1}',
            "yes",
            "-",
            "9" * 40,
        ]
    ),
)


@st.composite
def frames(draw) -> tuple[RecordKind, pl.DataFrame]:
    """Frames of any kind with columns of one type each, of any type, under names that mean something."""
    kind = draw(st.sampled_from(list(RecordKind)))
    names = [*api_names(kind), "row", "junk"]
    height = draw(st.integers(0, 4))
    columns = []
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=10)):
        values = draw(st.lists(_VALUES, min_size=height, max_size=height))
        try:
            columns.append(pl.Series(name, values, strict=draw(st.booleans())))
        except Exception:  # noqa: BLE001 - not every mix of values is a column
            columns.append(
                frame_of_records([{name: value} for value in values])[name] if values else pl.Series(name, [])
            )
    return kind, pl.DataFrame(columns)


@given(drawn=frames())
@example(drawn=(K.SALES, pl.DataFrame({"row": [2**63]})))
@settings(max_examples=300, deadline=None)
def test_reading_never_breaks_and_every_row_is_a_line_or_has_a_fault(drawn):
    kind, frame = drawn
    for packs in (None, PACKS):
        found = read(kind, frame, at=NOW, packs=packs)
        is_counted_in_packs(kind, frame)
        if "row" not in frame.columns:
            assert found.lines.height + len({f.row for f in found.faults}) == frame.height
        assert all(f.code and f.message and f.field for f in (*found.faults, *found.warnings))
        for spec in FIELDS[kind]:
            if spec.form is not Form.UNIT or spec.name != "unit":
                assert spec.column in found.lines.columns
        for spec in FIELDS[kind]:
            if spec.required and kind is not K.SALES:
                assert found.lines[spec.column].null_count() == 0
