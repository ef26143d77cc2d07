"""Tally's exports: numbers and days in all their forms, files that break others, values that add up."""

from __future__ import annotations

import gc
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from inventory.contracts.feeds import RecordKind
from inventory.feeds import SYSTEMS
from inventory.feeds.tally.amounts import Measure, parse_paise, parse_quantity, parse_rate
from inventory.feeds.tally.days import parse_day, parse_expiry
from inventory.feeds.tally.identities import Known
from inventory.feeds.tally.items import Item, Units
from inventory.feeds.tally.records import Node, Reader
from inventory.feeds.tally.source import TallySource
from inventory.feeds.tally.text import Cleaner, encoding_of
from vyapar.kernel.errors import Invalid

SAMPLES = Path(__file__).parents[2] / "inventory" / "feeds" / "tally" / "samples"


def read(path: Path, **options: object) -> dict[RecordKind, list[dict[str, object]]]:
    """Rows of a file by kind, what is missing left out."""
    found: dict[RecordKind, list[dict[str, object]]] = {}
    for parcel in TallySource(path, options).parcels():
        rows = [{k: v for k, v in row.items() if v is not None} for row in parcel.rows.to_dicts()]
        found.setdefault(parcel.kind, []).extend(rows)
    return found


def sample(name: str, **options: object) -> dict[RecordKind, list[dict[str, object]]]:
    return read(SAMPLES / name, **options)


def export(tmp_path: Path, inner: str | bytes, name: str = "export.xml") -> Path:
    path = tmp_path / name
    raw = inner.encode() if isinstance(inner, str) else inner
    path.write_bytes(raw)
    return path


def envelope(inner: str) -> str:
    return f"<ENVELOPE><BODY><DATA><TALLYMESSAGE>{inner}</TALLYMESSAGE></DATA></BODY></ENVELOPE>"


def item(name: str = "Soap", inner: str = "", unit: str = "Nos") -> str:
    return f'<STOCKITEM NAME="{name}"><BASEUNITS>{unit}</BASEUNITS>{inner}</STOCKITEM>'


def voucher(kind: str, inner: str, *, day: str = "20260501", number: int = 1, alter: int = 1) -> str:
    return (
        f'<VOUCHER VCHTYPE="{kind}"><DATE>{day}</DATE><GUID>g-{number:08x}</GUID><VOUCHERNUMBER>{number}'
        f"</VOUCHERNUMBER><VOUCHERTYPENAME>{kind}</VOUCHERTYPENAME><PARTYLEDGERNAME>Ram</PARTYLEDGERNAME>"
        f"<MASTERID>{number}</MASTERID><ALTERID>{alter}</ALTERID>{inner}</VOUCHER>"
    )


def line(quantity: str, amount: str, *, inward: bool = False, batch: str = "B", extra: str = "") -> str:
    return (
        f"<ALLINVENTORYENTRIES.LIST><STOCKITEMNAME>Soap</STOCKITEMNAME><ISDEEMEDPOSITIVE>"
        f"{'Yes' if inward else 'No'}</ISDEEMEDPOSITIVE><AMOUNT>{amount}</AMOUNT>"
        f"<ACTUALQTY>{quantity}</ACTUALQTY>"
        f"<BATCHALLOCATIONS.LIST><GODOWNNAME>Main Location</GODOWNNAME><BATCHNAME>{batch}</BATCHNAME>"
        f"<AMOUNT>{amount}</AMOUNT><ACTUALQTY>{quantity}</ACTUALQTY>{extra}</BATCHALLOCATIONS.LIST>"
        "</ALLINVENTORYENTRIES.LIST>"
    )


class TestQuantities:
    @pytest.mark.parametrize(
        ("text", "sides"),
        [
            (" 10 EA", [[(10, "EA")]]),
            ("2 CASE 3 PCS", [[(2, "CASE"), (3, "PCS")]]),
            (" 1 BOX 5 PCS = 17 PCS", [[(1, "BOX"), (5, "PCS")], [(17, "PCS")]]),
            ("12 Pcs = 1 Box", [[(12, "Pcs")], [(1, "Box")]]),
            ("2-3 BOX of 12 PCS", [[(2, "BOX"), (3, "PCS")]]),
            ("5 BOX of 12 PCS", [[(5, "BOX of 12 PCS")]]),
            ("(-)4-6 BOX of 12 PCS", [[(-4, "BOX"), (-6, "PCS")]]),
            ("(-)5 Nos", [[(-5, "Nos")]]),
            ("- 5 Nos", [[(-5, "Nos")]]),
            ("-2 CASE 3 PCS", [[(-2, "CASE"), (-3, "PCS")]]),
            ("1,20,000 Nos", [[(120000, "Nos")]]),
            ("2.500 Kgs", [[(Decimal("2.5"), "Kgs")]]),
            ("10EA", [[(10, "EA")]]),
            (" 3 2L BTL", [[(3, "2L BTL")]]),
            ("10", [[(10, "")]]),
        ],
    )
    def test_every_way_of_writing_one_is_read(self, text, sides):
        found = parse_quantity(text)
        assert found is not None
        assert [[(part.count, part.unit) for part in side] for side in found.sides] == sides

    @pytest.mark.parametrize("text", ["", "abc", "= 5", "5 =", "Nos", "1" * 500])
    def test_what_is_none_is_none(self, text):
        assert parse_quantity(text) is None

    def test_the_smaller_part_of_a_compound_number_is_not_lost(self):
        assert parse_quantity("2-6 Doz").sides[0] == (
            Measure(Decimal(2), "Doz"),
            Measure(Decimal(6), "Doz", is_tail=True),
        )

    @settings(max_examples=200, deadline=None)
    @given(st.integers(0, 9_999), st.integers(0, 99), st.integers(2, 99), st.booleans())
    def test_packs_and_pieces_written_any_way_are_the_same_pieces(self, packs, loose, size, negative):
        sign, minus = (-1, "(-)") if negative else (1, "")
        units = Units()
        told = {"BASEUNITS": "BOX", "ADDITIONALUNITS": "PCS", "CONVERSION": str(size)}
        units.add(Node("UNIT", {"NAME": f"BOX of {size} PCS"}, told))
        compound = Item("A", base=f"BOX of {size} PCS")
        simple = Item("B", base="PCS", alternate="BOX", ratio=Decimal(size))
        whole = sign * (packs * size + loose)
        assume(packs or not negative)  # nothing and six below zero is written by nobody
        for text in (
            f"{minus}{packs}-{loose} BOX of {size} PCS",
            f" {minus}{packs} BOX {loose} PCS",
            f"{minus}{packs}-{loose} BOX",
        ):
            assert units.pieces(text, compound) == whole
        assert (
            units.pieces(f" {minus}{packs * size + loose} PCS = {minus}{packs} BOX {loose} PCS", simple)
            == whole
        )
        assert units.pieces(f"{minus}{packs} BOX", simple) == sign * packs * size

    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=40))
    @example("9-9-9-9")
    @example("1 of 2 of 3")
    def test_no_text_breaks_it(self, text):
        for read_one in (parse_quantity, parse_rate, parse_paise, parse_day, parse_expiry):
            read_one(text)

    @settings(max_examples=200, deadline=None)
    @given(st.integers(-(10**12), 10**12))
    def test_amounts_are_exact_to_the_paisa(self, paise):
        rupees = f"{abs(paise) // 100}.{abs(paise) % 100:02d}"
        assert parse_paise(f"{'-' if paise < 0 else ''}{rupees}") == paise
        assert parse_paise(f"{rupees} {'Dr' if paise < 0 else 'Cr'}") == paise
        assert parse_paise(f"$1.00 @ ₹ {rupees}/$ = {'-' if paise < 0 else ''}₹ {rupees}") == paise

    @pytest.mark.parametrize(
        ("text", "rupees", "unit"),
        [
            ("120.00/PCS", "120.00", "PCS"),
            ("120.00/BOX = 10.00/PCS", "10.00", "PCS"),
            ("99.50", "99.50", ""),
            ("$10.00 @ ₹ 83.00/$ = ₹ 830.00/Nos", "830.00", "Nos"),
            ("1,200.50/ CASE of 12 PCS", "1200.50", "CASE of 12 PCS"),
        ],
    )
    def test_rates_are_for_one_of_a_unit(self, text, rupees, unit):
        found = parse_rate(text)
        assert (found.rupees, found.unit) == (Decimal(rupees), unit)


class TestDays:
    @settings(max_examples=200, deadline=None)
    @given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
    @example(date(2026, 4, 1))
    def test_every_form_of_a_day_is_that_day(self, day):
        jd = str((day - date(1899, 12, 31)).days)
        forms = [
            f"{day:%Y%m%d}", f"{day.day}-{day:%b-%y}", f"{day.day}-{day.month}-{day.year}", f"{day:%d/%m/%Y}",
            f"{day:%Y-%m-%d}", f"{day.day} {day:%B} {day.year}", f"{day.day}-{day:%b}-{day.year}",
        ]  # fmt: skip
        assert [parse_day(form) for form in forms] == [day] * len(forms)
        assert parse_day("", jd) == day
        assert parse_expiry("", period=f"{day.day}-{day:%b-%y}", jd="1") == day

    def test_a_period_runs_from_the_day_beside_it_or_the_day_made(self):
        assert parse_expiry("12 Months", jd="46142") == date(2027, 5, 1)
        assert parse_expiry("31-Jul-26", jd="46142") == date(2026, 7, 31)
        assert parse_expiry("1 Year 6 Months", made=date(2026, 8, 31)) == date(2028, 2, 29)
        assert parse_expiry("90 Days", made=date(2026, 5, 1)) == date(2026, 7, 30)
        assert parse_expiry("Mar-27") == date(2027, 3, 31)
        assert parse_expiry("12 Months") is None

    @pytest.mark.parametrize("text", ["20261301", "31-Feb-26", "0-0-0000", "99999999", "32/01/2026"])
    def test_days_that_are_none_are_none(self, text):
        assert parse_day(text) is None


class TestText:
    @settings(max_examples=150, deadline=None)
    @given(
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FFF), max_size=30),
        st.lists(
            st.tuples(st.integers(0, 60), st.sampled_from([0, 1, 4, 8, 11, 14, 31, 0xFFFE])), max_size=8
        ),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
        st.integers(1, 40),
    )
    @example("Ram & Sons", [(0, 4)], "utf-16-le", 1)
    @example("", [(0, 0xFFFE)], "utf-16-le", 7)
    def test_control_characters_anywhere_never_break_reading(self, name, controls, encoding, piece):
        clean = "".join(c for c in name if c not in '<>"\x00' and c.isprintable()).strip() or "x"
        said = envelope(item("plain", f"<CATEGORY>{clean}</CATEGORY>"))
        for at, code in controls:
            said = said[:at] + chr(code) + said[at:]
        said = said.replace("</CATEGORY>", "&#4;&#x0B;&#0;&#55296;</CATEGORY>")
        cleaner, raw = Cleaner(), said.encode(encoding)
        first = raw[:64]
        text = cleaner.feed(first)
        for start in range(len(first), len(raw), piece):
            text += cleaner.feed(raw[start : start + piece])
        text += cleaner.feed(b"", final=True)
        nodes = list(Reader(io.BytesIO(text.encode())).records())
        whole = list(Reader(io.BytesIO(raw)).records())
        assert [node.name for node in nodes] == [node.name for node in whole] == ["plain"]
        wanted = " ".join(clean.replace("&amp;", "&").split())
        if not any(mark in clean for mark in ("&", ";")):
            told = (name, controls, encoding, piece)
            assert nodes[0].get("CATEGORY") == whole[0].get("CATEGORY") == wanted, told

    @pytest.mark.parametrize(
        ("head", "encoding"),
        [
            (b"<ENV", "utf-8"),
            (b"\xef\xbb\xbf<E", "utf-8"),
            ("<ENVELOPE>".encode("utf-16-le"), "utf-16-le"),
            ("<ENVELOPE>".encode("utf-16-be"), "utf-16-be"),
            ("<ENVELOPE>".encode("utf-16"), "utf-16-le"),
        ],
    )
    def test_the_encoding_is_found_by_the_bytes(self, head, encoding):
        assert encoding_of(head) == encoding

    def test_a_declaration_that_lies_is_not_believed(self, tmp_path):
        said = '<?xml version="1.0" encoding="ISO-8859-1"?>' + envelope(item("चाय प्रीमिक्स"))
        assert read(export(tmp_path, said))[RecordKind.SKUS][0]["name"] == "चाय प्रीमिक्स"
        said = '<?xml version="1.0" encoding="UTF-16"?>' + envelope(item("Tea"))
        assert read(export(tmp_path, said))[RecordKind.SKUS][0]["name"] == "Tea"

    def test_bytes_of_the_windows_code_page_are_read_as_such(self, tmp_path):
        said = envelope(item("Caf\x00 Blend")).encode().replace(b"\x00", b"\xe9")
        assert read(export(tmp_path, said))[RecordKind.SKUS][0]["name"] == "Café Blend"

    def test_ampersands_and_less_thans_that_start_nothing_are_text(self, tmp_path):
        said = envelope(item("Ram & Sons 5 < 6 &nbsp; AT&T"))
        assert read(export(tmp_path, said))[RecordKind.SKUS][0]["name"] == "Ram & Sons 5 < 6 &nbsp; AT&T"

    def test_line_ends_inside_names_are_spaces(self, tmp_path):
        said = envelope(item("Hair&#13;&#10;Oil&#13;&#10;"))
        assert read(export(tmp_path, said))[RecordKind.SKUS][0]["sku"] == "Hair Oil"

    def test_files_joined_together_read_as_one(self, tmp_path):
        one = '<?xml version="1.0"?>\r\n' + envelope(item("One"))
        assert [
            row["sku"] for row in read(export(tmp_path, one + one.replace("One", "Two")))[RecordKind.SKUS]
        ] == [
            "One",
            "Two",
        ]


class TestHostileFiles:
    def refuse(self, path: Path, code: str, **options: object) -> Invalid:
        with pytest.raises(Invalid) as refusal:
            read(path, **options)
        assert refusal.value.code == code
        assert refusal.value.faults
        return refusal.value

    def test_a_billion_laughs_are_not_heard(self, tmp_path):
        entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
        said = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>' + envelope(item("&a11;"))
        with pytest.raises(Invalid, match="document type") as refusal:
            read(export(tmp_path, said))
        assert refusal.value.code == "xml_doctype"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_an_external_entity_is_not_fetched(self, tmp_path, encoding):
        said = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + envelope(item("&f;"))
        with pytest.raises(Invalid) as refusal:
            read(export(tmp_path, said.encode(encoding)))
        assert refusal.value.code == "xml_doctype"

    def test_a_document_type_hidden_behind_forbidden_characters_is_seen(self, tmp_path):
        said = "<&#4;!DOCTYPE x>" + envelope(item()) + " " * 70_000 + "<\x00!DOC\x01TYPE y>"
        with pytest.raises(Invalid) as refusal:
            read(export(tmp_path, said))
        assert refusal.value.code == "xml_doctype"

    def test_a_hundred_thousand_tags_inside_one_another_are_refused(self, tmp_path):
        said = envelope(f'<STOCKITEM NAME="x">{"<A>" * 100_000}{"</A>" * 100_000}</STOCKITEM>')
        self.refuse(export(tmp_path, said), "xml_too_deep")
        self.refuse(export(tmp_path, "<ENVELOPE>" + "<B>" * 100_000), "xml_too_deep")

    def test_a_record_larger_than_any_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr("inventory.feeds.tally.records._LARGEST_RECORD", 1 << 20)
        said = '<ENVELOPE><STOCKITEM NAME="x"><CATEGORY>' + "y" * (2 << 20)
        self.refuse(export(tmp_path, said), "record_too_large")

    def test_a_hundred_thousand_tags_nobody_knows_are_refused(self, tmp_path):
        said = "<ENVELOPE>" + "".join(f"<T{i}/>" for i in range(30_000)) + "</ENVELOPE>"
        self.refuse(export(tmp_path, said), "too_many_tags")

    def test_a_file_that_ends_in_the_middle_says_so(self, tmp_path):
        said = envelope(item("A") + item("B"))
        self.refuse(export(tmp_path, said[:-40]), "xml_cut_off")

    def test_xml_that_breaks_names_its_line(self, tmp_path):
        refusal = self.refuse(
            export(tmp_path, envelope("\n\n<STOCKITEM NAME='x'></LEDGER>")), "xml_malformed"
        )
        assert refusal.faults[0].row == 3

    @pytest.mark.parametrize(
        "said", [b"", b"PK\x03\x04", b"code,name\n1,2\n", b"<html><body>no</body></html>"]
    )
    def test_what_is_no_export_is_refused_at_once(self, tmp_path, said):
        with pytest.raises(Invalid) as refusal:
            TallySource(export(tmp_path, said), {})
        assert refusal.value.code == "not_tally"

    def test_an_answer_saved_instead_of_an_export_is_told_apart(self, tmp_path):
        said = "<RESPONSE>Unknown Request, cannot be processed</RESPONSE>"
        assert "Unknown Request" in self.refuse(export(tmp_path, said), "tally_said_no").message


class TestCompanies:
    def test_case_spaces_and_the_note_of_a_split_are_forgiven(self):
        assert sample("masters.xml", company="sharma   TRADERS")[RecordKind.SKUS]
        assert sample("masters.xml", company="SharmaTraders")[RecordKind.SKUS]

    def test_books_of_another_company_are_refused_by_name(self):
        with pytest.raises(Invalid, match="Gupta Stores") as refusal:
            sample("masters.xml", company="Gupta Stores")
        assert refusal.value.code == "wrong_company"

    def test_books_of_two_companies_in_one_file_are_refused(self, tmp_path):
        note = "<STATICVARIABLES><SVCURRENTCOMPANY>{}</SVCURRENTCOMPANY></STATICVARIABLES>"
        said = envelope(note.format("One") + item("A") + note.format("Two") + item("B"))
        with pytest.raises(Invalid, match="two companies"):
            read(export(tmp_path, said))


class TestMasters:
    def test_one_of_each_kind(self):
        rows = sample("groups_and_one_of_each.xml")
        assert [row["retailer_id"] for row in rows[RecordKind.RETAILERS]] == ["Ganesh Stores", "Sai Kirana"]
        assert rows[RecordKind.LOCATIONS] == [
            {"row": 1, "code": "Nashik Depot", "name": "Nashik Depot", "kind": "godown"}
        ]
        assert rows[RecordKind.SKUS][0]["sku"] == "Glucose Biscuit 100g"

    def test_the_last_of_dated_details_counts(self):
        (row,) = sample("party_with_dated_details.xml")[RecordKind.RETAILERS]
        assert row == {
            "row": 1, "retailer_id": "Mahalaxmi Agencies", "name": "Mahalaxmi Agencies",
            "gstin": "27AABCU9603R1ZN", "address": "Shop 4, Main Road, Panchavati",
            "place": "Maharashtra", "pincode": "422003", "phone": "98220 12345",
        }  # fmt: skip

    def test_details_in_flat_tags_and_in_lists_are_read_alike(self):
        rows = sample("party_flat_and_listed.xml")
        flat, listed = rows[RecordKind.RETAILERS]
        assert (flat["address"], flat["place"], flat["email"]) == (
            "7 Station Road",
            "Gujarat",
            "accounts@flat.example",
        )
        assert listed["address"] == "12 Market Yard, Hubballi"
        assert (rows[RecordKind.SKUS][0]["trade_price"], rows[RecordKind.SKUS][0]["cost"]) == ("8.50", "7.10")

    def test_bank_details_are_not_kept_and_that_is_told(self):
        source = TallySource(SAMPLES / "party_bank_details.xml", {})
        rows = [row for parcel in source.parcels() for row in parcel.rows.to_dicts()]
        assert not any("000111222333" in str(row) or "ABCD" in str(row) for row in rows)
        assert {"LEDGER/IFSCODE": 1}.items() <= {one.name: one.count for one in source.coverage()}.items()

    def test_what_is_owed_is_the_closing_balance_never_the_opening_one(self):
        rows = sample("party_bill_by_bill.xml")[RecordKind.RETAILERS]
        assert [row.get("outstanding") for row in rows] == [None, None, "-1200.00"]

    def test_a_group_of_debtors_that_names_a_trade_channel_is_the_outlets(self, tmp_path):
        groups = "".join(
            f'<GROUP NAME="{name}"><PARENT>Sundry Debtors</PARENT></GROUP>'
            for name in ("Modern Trade", "West")
        )
        ledgers = "".join(
            f'<LEDGER NAME="{name}"><PARENT>{group}</PARENT><PINCODE>411001</PINCODE></LEDGER>'
            for name, group in (("Big Mart", "Modern Trade"), ("Ram", "West"))
        )
        found = read(export(tmp_path, envelope(groups + ledgers)))[RecordKind.RETAILERS]
        rows = {row["name"]: row for row in found}
        assert rows["Big Mart"]["trade_channel"] == "modern_trade"
        assert rows["Ram"].get("trade_channel") is None

    def test_an_item_as_a_collection_answers_it(self):
        (row,) = sample("item_from_collection.xml")[RecordKind.SKUS]
        assert row["sku"] == "Masala Tea & Sugar Premix 250g"
        assert (row["hsn"], row["case_pack"], row["category"]) == ("210120", "1", "Beverages")

    def test_hsn_comes_from_the_classification_or_the_group_where_the_item_has_none(self):
        skus = {row["sku"]: row for row in sample("masters.xml")[RecordKind.SKUS]}
        assert skus["Herbal Shampoo 180ml"]["hsn"] == "33051090"
        assert skus["Cream Biscuit 75g"]["hsn"] == "19053100"

    def test_dated_hsn_counts_by_its_day(self, tmp_path):
        dated = "".join(
            f"<HSNDETAILS.LIST><APPLICABLEFROM>{day}</APPLICABLEFROM><HSNCODE>{code}</HSNCODE></HSNDETAILS.LIST>"
            for day, code in (("20260401", "3401"), ("20170701", "3305"))
        )
        path = export(tmp_path, envelope(item("Soap", dated)))
        assert read(path)[RecordKind.SKUS][0]["hsn"] == "3401"
        assert read(path, on="20250101")[RecordKind.SKUS][0]["hsn"] == "3305"

    def test_prices_are_for_a_piece_with_tax_and_packs_are_counted(self):
        skus = {row["sku"]: row for row in sample("masters.xml")[RecordKind.SKUS]}
        shampoo, biscuit = skus["Herbal Shampoo 180ml"], skus["Cream Biscuit 75g"]
        assert (shampoo["mrp"], shampoo["trade_price"], shampoo["cost"]) == ("160.00", "118.00", "88.50")
        assert (biscuit["mrp"], biscuit["cost"], biscuit["case_pack"], biscuit["uqc"]) == (
            "20.00",
            "14.00",
            "12",
            "PCS",
        )

    def test_names_too_long_for_a_code_stay_apart(self, tmp_path):
        long = "Extra Long Name of a Product that Nobody Should Write into a Master "
        rows = read(export(tmp_path, envelope(item(long + "A") + item(long + "B"))))[RecordKind.SKUS]
        assert len({row["sku"] for row in rows}) == 2
        assert all(len(str(row["sku"])) <= 60 for row in rows)

    def test_settings_of_the_feed_fill_what_tally_does_not_know(self, tmp_path):
        said = envelope('<GODOWN NAME="Van 3"/><LEDGER NAME="Cash"><PARENT>Cash-in-Hand</PARENT></LEDGER>')
        options = {
            "godowns": {"van 3": {"code": "VAN3", "kind": "van", "pincode": "411001"}},
            "territory": "PUNE",
        }
        assert read(export(tmp_path, said), **options) == {
            RecordKind.LOCATIONS: [
                {
                    "row": 1,
                    "code": "VAN3",
                    "name": "Van 3",
                    "kind": "van",
                    "territory": "PUNE",
                    "pincode": "411001",
                }
            ]
        }


class TestStock:
    def test_a_batch_with_its_dates_mrp_and_value(self):
        rows = sample("item_with_batch.xml")
        batch = {"sku": "Almond Hair Oil 200ml", "batch": "AH/2605/1", "mrp": "135.00",
                 "manufacture_date": "2026-05-01", "expiry_date": "2028-10-31"}  # fmt: skip
        assert rows[RecordKind.BATCHES] == [{"row": 1, **batch, "cost": "92.40"}]
        assert rows[RecordKind.STOCK] == [
            {"row": 1, **batch, "location": "Main Location", "quantity": "144", "value": "13305.60"}
        ]

    def test_openings_by_godown_and_of_an_item_without_any(self):
        rows = sample("item_by_godown.xml")[RecordKind.STOCK]
        told = {(row["sku"], row["location"]): (row["quantity"], row.get("value")) for row in rows}
        assert told == {
            ("Ball Pen Blue", "Bengaluru Depot"): ("180", "765.00"),
            ("Ball Pen Blue", "Mysuru Depot"): ("120", "510.00"),
            ("Eraser", "Main Location"): ("12", None),
        }

    def test_rates_at_the_item_and_a_godown_below_zero_add_up_to_the_items_value(self):
        rows = [row for row in sample("masters.xml")[RecordKind.STOCK] if row["sku"] == "Cream Biscuit 75g"]
        assert [(row["location"], row["quantity"], row["value"]) for row in rows] == [
            ("Main Location", "300", "4200.00"),
            ("Pune Depot", "-54", "-756.00"),
        ]

    @settings(max_examples=150, deadline=None)
    @given(
        st.lists(
            st.tuples(st.integers(-500, 5_000), st.one_of(st.none(), st.integers(-10_000, 90_000))),
            min_size=1, max_size=6,
        ),
        st.integers(-10_000, 5_000_000),
    )  # fmt: skip
    @example([(10, None), (-10, None)], 777)
    @example([(0, None)], 5)
    def test_the_rows_of_an_item_add_up_to_its_value_to_the_paisa(self, tmp_path_factory, parts, paise):
        def amount(value: int) -> str:
            return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"

        if all(own is not None for _, own in parts):
            paise = sum(own for _, own in parts)
        allocations = "".join(
            f"<BATCHALLOCATIONS.LIST><GODOWNNAME>G{i}</GODOWNNAME>"
            f"<OPENINGBALANCE>{pieces} Nos</OPENINGBALANCE>"
            + (f"<OPENINGVALUE>{amount(-own)}</OPENINGVALUE>" if own is not None else "")
            + "</BATCHALLOCATIONS.LIST>"
            for i, (pieces, own) in enumerate(parts)
        )
        inner = (
            f"<OPENINGVALUE>{amount(-paise)}</OPENINGVALUE><OPENINGRATE>7.00/Nos</OPENINGRATE>{allocations}"
        )
        path = export(tmp_path_factory.mktemp("value"), envelope(item("Soap", inner)))
        rows = read(path)[RecordKind.STOCK]
        assert sum(Decimal(str(row["value"])) for row in rows) == Decimal(paise) / 100
        assert [row["quantity"] for row in rows] == [str(pieces) for pieces, _ in parts]

    def test_a_quantity_nobody_can_read_is_handed_on_as_it_stands(self, tmp_path):
        inner = "<OPENINGBALANCE>3 Tubs</OPENINGBALANCE>"
        assert (
            read(export(tmp_path, envelope(item("Soap", inner))))[RecordKind.STOCK][0]["quantity"] == "3 Tubs"
        )

    def test_every_kind_of_voucher_moves_what_it_moves(self):
        rows = sample("vouchers.xml")[RecordKind.STOCK]
        assert {(row["batch"], row["location"]): row["quantity"] for row in rows} == {
            ("CB/26/04", "Main Location"): "287", ("CB/26/04", "Pune Depot"): "12",
            ("CB/26/05", "Main Location"): "120", ("GP-1", "Main Location"): "2",
            ("HS-11", "Main Location"): "48", ("HS/12", "Main Location"): "85", ("HS/12", "Pune Depot"): "23",
        }  # fmt: skip
        assert {row["as_of"] for row in rows} == {"2026-05-12"}

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0), (0, 2, 1), (2, 0, 1)])
    def test_a_count_overrules_what_moved_before_it_in_whatever_order_vouchers_come(self, tmp_path, order):
        count = line("50 Nos", "0").replace("<AMOUNT>0</AMOUNT>", "")
        told = [
            voucher("Sales", line("5 Nos", "60.00"), day="20260501", number=1),
            voucher("Physical Stock", count, day="20260510", number=2),
            voucher("Sales", line("7 Nos", "84.00"), day="20260515", number=3),
        ]
        inner = "<BATCHNAME>B</BATCHNAME><OPENINGBALANCE>100 Nos</OPENINGBALANCE>"
        opening = f"<BATCHALLOCATIONS.LIST>{inner}</BATCHALLOCATIONS.LIST>"
        said = envelope(item("Soap", opening) + "".join(told[i] for i in order))
        assert read(export(tmp_path, said))[RecordKind.STOCK][0]["quantity"] == "43"

    def test_stock_may_be_left_out(self):
        assert RecordKind.STOCK not in sample("vouchers.xml", stock="none")


class TestVouchers:
    def test_sales_and_returns_are_lines_with_their_batch(self):
        rows = [row for row in sample("vouchers.xml")[RecordKind.SALES] if "cancelled" not in row]
        assert [
            (r["transaction_id"], r["line"], r["batch"], r["quantity"], r["unit_price"]) for r in rows
        ] == [
            ("c-1-00000004", "1", "HS-11", "10", "100.00"),
            ("c-1-00000004", "2", "CB/26/04", "13", "15.38"),
            ("c-1-00000005", "1", "HS-11", "-2", "100.00"),
            ("c-1-00000009", "1", "HS-11", "3", "100.00"),
        ]
        assert [r["timestamp"][:10] for r in rows] == ["2026-05-01", "2026-05-01", "2026-05-02", "2026-05-05"]

    def test_cancelled_optional_and_deleted_vouchers_are_withdrawn_before_anything_is_sold(self):
        kinds = [
            (p.kind, p.rows) for p in TallySource(SAMPLES / "vouchers.xml", {}).parcels() if p.rows.height
        ]
        withdrawn, sold = [rows for kind, rows in kinds if kind is RecordKind.SALES]
        assert withdrawn["transaction_id"].to_list() == ["c-1-00000006", "c-1-00000007", "c-1-00000099"]
        assert set(withdrawn["cancelled"]) == {"yes"}
        assert sold["cancelled"].null_count() == sold.height

    def test_a_purchase_tells_its_tax_and_a_tracked_one_is_received_once(self):
        rows = sample("vouchers.xml")
        first, second = rows[RecordKind.PURCHASES]
        assert (first["purchase_invoice"], first["cost"], first["tax"]) == ("AC/26/778", "88.50", "1911.60")
        assert (second["purchase_invoice"], second["quantity"]) == ("AC/26/801", "120")
        assert [(r["batch"], r["quantity"], r["expiry_date"]) for r in rows[RecordKind.RECEIPTS]] == [
            ("HS/12", "120", "2028-04-15"),
            ("CB/26/05", "120", "2027-01-31"),
        ]

    def test_coverage_counts_what_is_not_taken_and_says_why(self):
        source = TallySource(SAMPLES / "vouchers.xml", {})
        list(source.parcels())
        told = {one.name: one for one in source.coverage()}
        for name in (
            "cancelled vouchers", "optional vouchers", "deleted vouchers", "Sales Order vouchers",
            "Stock Journal vouchers", "vouchers of type Kirana Bill", "COSTCENTRE",
            "STOCKITEM/UDF:SHELFLIFE.LIST",
        ):  # fmt: skip
            assert told[name].count == 1, name
            assert told[name].reason
        assert told["cancelled vouchers"].example == "Sales 6 of 03-05-2026"
        assert "-0.06 rupees" in told["prices"].reason

    def test_a_type_of_ones_own_is_known_by_settings(self):
        rows = sample("vouchers.xml", voucher_types={"kirana bill": "Sales"})[RecordKind.SALES]
        assert rows[-1]["transaction_id"] == "c-1-00000014"

    def test_the_later_self_of_a_voucher_told_twice_counts(self, tmp_path):
        old = voucher("Sales", line("5 Nos", "60.00") + line("1 Nos", "12.00"), alter=1)
        new = voucher("Sales", line("6 Nos", "72.00"), alter=9)
        for said in (old + new, new + old):
            rows = read(export(tmp_path, envelope(item() + said)))[RecordKind.SALES]
            assert [row["quantity"] for row in rows] == ["6"]

    def test_a_negative_line_of_an_invoice_is_a_return(self, tmp_path):
        said = envelope(item() + voucher("Sales", line("-2 Nos", "-24.00")))
        (row,) = read(export(tmp_path, said))[RecordKind.SALES]
        assert (row["quantity"], row["unit_price"]) == ("-2", "12.00")

    def test_free_goods_bring_the_price_down_and_the_value_stays(self, tmp_path):
        free = line("11 Nos", "110.00").replace(
            "<ACTUALQTY>11 Nos</ACTUALQTY>", "<ACTUALQTY>11 Nos</ACTUALQTY><BILLEDQTY>10 Nos</BILLEDQTY>"
        )
        (row,) = read(export(tmp_path, envelope(item() + voucher("Sales", free))))[RecordKind.SALES]
        assert (row["quantity"], row["unit_price"]) == ("11", "10.00")

    def test_a_lines_amount_is_shared_by_allocations_that_do_not_say_theirs(self, tmp_path):
        two = "".join(
            f"<BATCHALLOCATIONS.LIST><BATCHNAME>{b}</BATCHNAME><ACTUALQTY>{n} Nos</ACTUALQTY>"
            "</BATCHALLOCATIONS.LIST>"
            for b, n in (("X", 3), ("Y", 1))
        )
        said = (
            "<ALLINVENTORYENTRIES.LIST><STOCKITEMNAME>Soap</STOCKITEMNAME><ISDEEMEDPOSITIVE>No</ISDEEMEDPOSITIVE>"
            f"<RATE>11.00/Nos</RATE><AMOUNT>40.00</AMOUNT><ACTUALQTY>4 Nos</ACTUALQTY>{two}"
            "</ALLINVENTORYENTRIES.LIST>"
        )
        rows = read(export(tmp_path, envelope(item() + voucher("Sales", said))))[RecordKind.SALES]
        assert [(row["batch"], row["unit_price"]) for row in rows] == [("X", "10.00"), ("Y", "10.00")]

    def test_a_journal_told_twice_over_is_walked_once(self, tmp_path):
        both = line("4 Nos", "40.00") + line("4 Nos", "-40.00", inward=True).replace("Main Location", "Pune")
        out = line("4 Nos", "40.00").replace("ALLINVENTORYENTRIES", "INVENTORYENTRIESOUT")
        into = line("4 Nos", "-40.00", inward=True).replace("ALLINVENTORYENTRIES", "INVENTORYENTRIESIN")
        into = into.replace("Main Location", "Pune")
        said = envelope(item() + voucher("Stock Journal", both + out + into))
        rows = read(export(tmp_path, said))[RecordKind.STOCK]
        assert {row["location"]: row["quantity"] for row in rows} == {"Main Location": "-4", "Pune": "4"}


class TestAnything:
    """Whatever stands in the fields of an export, reading it ends in rows, never in a traceback."""

    numbers = st.one_of(
        st.sampled_from(
            ["", "0", "-0", "1e308", "NaN", "Infinity", "(-)", "-", "9" * 60, "0." + "0" * 50 + "1", "1/0",
             "999999999999.99", "(-)999999999999", "0.000001", "१२", "5 Nos = 5", "7-3 Nos"]
        ),
        st.text(max_size=20),
        st.decimals(allow_nan=False, allow_infinity=False).map(str),
    )  # fmt: skip

    @settings(max_examples=200, deadline=None)
    @given(st.lists(numbers, min_size=12, max_size=12))
    @example(["999999999999", "1", "0.000001", "999999999999", "-999999999999.99"] + ["0.000001"] * 7)
    def test_no_numbers_anywhere_break_a_reading(self, tmp_path_factory, said):
        text = [one.replace("<", "").replace("&", "") for one in said]
        inner = (
            f"<ADDITIONALUNITS>Box</ADDITIONALUNITS><CONVERSION>{text[0]}</CONVERSION>"
            f"<DENOMINATOR>{text[1]}</DENOMINATOR><OPENINGBALANCE>{text[2]} Nos</OPENINGBALANCE>"
            f"<OPENINGRATE>{text[3]}/Box</OPENINGRATE><OPENINGVALUE>{text[4]}</OPENINGVALUE>"
            f"<CLOSINGBALANCE>{text[5]} Box</CLOSINGBALANCE><CLOSINGVALUE>{text[6]}</CLOSINGVALUE>"
            f"<STANDARDPRICELIST.LIST><RATE>{text[7]}/Box</RATE></STANDARDPRICELIST.LIST>"
            f"<BATCHALLOCATIONS.LIST><GODOWNNAME>A</GODOWNNAME><OPENINGBALANCE>{text[8]} Box</OPENINGBALANCE>"
            "</BATCHALLOCATIONS.LIST><BATCHALLOCATIONS.LIST><GODOWNNAME>B</GODOWNNAME>"
            f"<OPENINGBALANCE>{text[9]} Nos</OPENINGBALANCE></BATCHALLOCATIONS.LIST>"
        )
        sold = voucher("Sales", line(f"{text[10]} Nos", text[11]) + line(f"{text[8]} Box", text[4]))
        bought = voucher("Purchase", line(f"{text[9]} Box", text[11], inward=True), number=2)
        path = export(tmp_path_factory.mktemp("any"), envelope(item("Soap", inner) + sold + bought))
        assert read(path)[RecordKind.SKUS]


class TestSource:
    def test_it_is_listed(self):
        assert SYSTEMS["tally"].suffixes == (".xml",)
        assert SYSTEMS["tally"].label

    def test_reading_again_and_reading_on_give_the_same_parcels(self):
        source = TallySource(SAMPLES / "vouchers.xml", {})
        whole = list(source.parcels())
        again = list(source.parcels())
        assert [(p.kind, p.number) for p in whole] == [(p.kind, p.number) for p in again]
        assert all(a.rows.equals(b.rows) for a, b in zip(whole, again, strict=True))
        assert [p.number for p in source.parcels(after=3)] == [p.number for p in whole if p.number > 3]
        assert whole[-1].bytes_read == source.bytes_total

    def test_rows_are_counted_through_the_parcels_of_a_kind(self, tmp_path, monkeypatch):
        monkeypatch.setattr("inventory.feeds.tally.passage._ROWS", 50)
        said = envelope("".join(item(f"Item {n}") for n in range(121)))
        parcels = list(TallySource(export(tmp_path, said), {}).parcels())
        assert [p.rows.height for p in parcels] == [50, 50, 21]
        assert [p.rows["row"][0] for p in parcels] == [1, 51, 101]

    @pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.xml")))
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
    def test_every_sample_reads_the_same_in_every_encoding(self, tmp_path, name, encoding):
        said = (SAMPLES / name).read_text()
        path = export(tmp_path, said.replace("\n", "\r\n").encode(encoding))
        assert read(path) == sample(name)
        assert sample(name)

    def test_a_master_told_twice_opens_once(self, tmp_path):
        said = envelope(item("Soap", "<OPENINGBALANCE>5 Nos</OPENINGBALANCE>") * 2)
        assert [row["quantity"] for row in read(export(tmp_path, said))[RecordKind.STOCK]] == ["5"]

    def test_one_kind_alone_may_be_asked_for(self):
        assert set(sample("vouchers.xml", kind="sales")) == {RecordKind.SALES}

    def test_no_more_than_a_parcel_and_one_record_are_held_however_long_the_file(self, tmp_path, monkeypatch):
        path = tmp_path / "long.xml"
        with path.open("w") as stream:
            stream.write("<ENVELOPE><BODY><DATA>" + item())
            for n in range(1, 1_501):
                stream.write(voucher("Sales", line("1 Nos", "12.00"), number=n))
            stream.write("</DATA></BODY></ENVELOPE>")
        monkeypatch.setattr("inventory.feeds.tally.passage._ROWS", 100)
        monkeypatch.setattr("inventory.feeds.tally.records._PIECE", 4_096)
        gc.collect()
        before, alive = nodes(), 0
        for parcel in TallySource(path, {}).parcels():
            if parcel.number % 8 == 2:
                alive = max(alive, nodes() - before)
            assert parcel.rows.height <= 110
            if parcel.kind is RecordKind.SALES:
                assert parcel.bytes_read < path.stat().st_size * (parcel.number + 2) / 15 + 8_192
        assert parcel.kind is RecordKind.STOCK
        assert 0 < alive < 100


def nodes() -> int:
    """How many there are in memory."""
    return sum(type(one) is Node for one in gc.get_objects())


class TestKnown:
    @settings(max_examples=200, deadline=None)
    @given(st.sets(st.integers(1, 200)), st.sets(st.integers(1, 200)))
    def test_runs_say_the_same_as_sets(self, mine, theirs):
        one, other = Known(), Known()
        one.add_all(mine)
        other.add_all(theirs)
        assert Known.parse(one.plain()).without(other) == sorted(mine - theirs)
        assert Known.parse(one.plain()).plain() == one.plain()
        assert one.last == max(mine, default=0)

    def test_a_hundred_thousand_in_a_row_are_short(self):
        known = Known()
        known.add_all(range(1, 100_001))
        assert known.plain() == "1-100000"
        assert Known.parse("1-3,x,7,9-").plain() == "1-3,7,9"
