"""Consent of many outlets from a list: checked row by row, shown, written once, with its proof."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from inventory.feeds.files.lists import read_list
from inventory.models import Retailer
from inventory.services.consents import COLUMNS, MOST_ROWS, check_consents, write_consents
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.book import make_book
from vyapar.engine.models import AuditEntry
from vyapar.kernel.errors import Invalid
from vyapar.kernel.sheets import xlsx_into
from vyapar.messaging.letters import MARKETING
from vyapar.messaging.models import Consent
from vyapar.messaging.selectors import consented
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

DB = pytest.mark.usefixtures("shops")
FORM = {"source": "signed form", "word": "yes", "channel": "whatsapp", "date": "15-08-2026"}


@pytest.fixture
def shops(in_alpha: None) -> None:
    make_book()
    Retailer.objects.filter(retailer_id="R1").update(name="दुकान 🛒 " + "long " * 20)


def rows_of(text: str):
    return read_list(text.encode(), "list.csv", COLUMNS, MOST_ROWS)


def check(text: str, **defaults: str):
    return check_consents(rows_of(text), defaults, at=NOW)


def test_a_list_is_read_by_whatever_its_columns_are_called() -> None:
    text = "Party Code;Opt-In;Consent date;Evidence;Remarks\nR1;yes;1.2.2026;form 7;x\n;;;;\nR2;NO;;;"
    assert rows_of(text) == [
        (2, {"outlet": "R1", "word": "yes", "date": "1.2.2026", "proof": "form 7"}),
        (4, {"outlet": "R2", "word": "NO"}),
    ]


def test_a_list_may_be_a_workbook(tmp_path) -> None:
    with (tmp_path / "list.xlsx").open("wb") as out:
        xlsx_into(out, [["R1", "sms", "yes"]], ["Outlet", "Channel", "Word"])
    content = (tmp_path / "list.xlsx").read_bytes()
    assert read_list(content, "list.xlsx", COLUMNS, 10) == [
        (2, {"outlet": "R1", "channel": "sms", "word": "yes"})
    ]


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"a,b\n1,2\n", "x.csv"), (b"PK\x03\x04junk", "x.xlsx"), (b"", "x.csv"), (b"<html>", "x.csv"),
     (b"outlet\n" + b"R1\n" * 12, "x.csv"), (b"%PDF-1.4 x", "x.pdf"), (b'{"outlet": "R1"}', "x.json")],
)  # fmt: skip
def test_what_is_no_such_list_is_refused_with_a_sentence(content: bytes, name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_list(content, name, COLUMNS, 10)
    assert len(refusal.value.message) > 15


@DB
def test_each_row_says_what_is_wrong_and_the_others_do_not_wait_for_it() -> None:
    tomorrow = (NOW + timedelta(days=1)).strftime("%d-%m-%Y")
    found = check(
        "outlet,channel,word,date,source\n"
        "R1,WhatsApp,yes,15-08-2026,form\n"
        "R9,sms,yes,15-08-2026,form\n"
        "R2,pigeon,yes,15-08-2026,form\n"
        "R2,sms,perhaps,15-08-2026,form\n"
        "R2,sms,yes,32-01-2026,form\n"
        f"R2,sms,yes,{tomorrow},form\n"
        "R2,sms,yes,15-08-2026,\n"
        ",sms,yes,15-08-2026,form\n"
    )
    assert [(fault.row, fault.field) for fault in found.faults] == [
        (3, "outlet"), (4, "channel"), (5, "word"), (6, "date"), (7, "date"), (8, "source"), (9, "outlet"),
    ]  # fmt: skip
    assert [word.party for word in found.words] == ["retailer:R1"]


@DB
def test_what_contradicts_itself_is_kept_neither_way() -> None:
    found = check("outlet,word\nR1,yes\nR1,no\nR2,yes\nR2,yes\n", **FORM)
    assert [(fault.row, fault.code) for fault in found.faults] == [(2, "contradicts"), (3, "contradicts")]
    assert [(word.party, word.granted) for word in found.words if word.party == "retailer:R2"] == [
        ("retailer:R2", True)
    ]
    assert "retailer:R1" not in {word.party for word in found.words}


@DB
def test_a_list_is_written_once_with_its_proof_and_the_trail_says_so() -> None:
    rows = rows_of('outlet,channel,proof\nR1,"sms, email",form 7\nR2,,\n')
    written, _found = write_consents(rows, FORM, actor=OWNER, at=NOW)
    again, found = write_consents(rows, FORM, actor=OWNER, at=NOW + timedelta(days=1))
    assert (written, again, found.known) == (3, 0, 3)
    kept = Consent.objects.get(party="retailer:R1", channel="sms")
    assert (kept.source, kept.proof, kept.granted, kept.recorded_by) == (
        "signed form",
        "form 7",
        True,
        OWNER.ref,
    )
    assert consented(["retailer:R1", "retailer:R2"], MARKETING) == {
        ("retailer:R1", "sms"), ("retailer:R1", "email"), ("retailer:R2", "whatsapp"),
    }  # fmt: skip
    assert AuditEntry.objects.filter(verb="ConsentsRecorded").count() == 1
    with pytest.raises(Invalid):
        write_consents(rows_of("outlet\nR9\n"), FORM, actor=OWNER, at=NOW)


def person(role: Role) -> Client:
    who = add_person(username=role, password="keeps-consents-1", role=role, name=role, email=f"{role}@a.test")
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(who)
    return client


@DB
def test_the_page_checks_first_and_writes_what_was_shown() -> None:
    owner, manager = person(Role.OWNER), person(Role.MANAGER)
    assert manager.get("/outlets/consents").status_code == 403
    sent = SimpleUploadedFile("list.csv", b"outlet\nR1\nR2\nR9\n")
    shown = owner.post("/outlets/consents", {**FORM, "file": sent})
    assert shown.status_code == 200
    assert not Consent.objects.exists()
    page = shown.content.decode()
    assert "no outlet has this code" in page
    token = re.search(r'name="token" value="([^"]+)"', page).group(1)
    assert manager.post("/outlets/consents/write", {"token": token}).status_code == 403
    owner.post("/outlets/consents/write", {"token": token})
    assert Consent.objects.filter(granted=True, channel="whatsapp").count() == 2
    owner.post("/outlets/consents/write", {"token": token})
    assert Consent.objects.count() == 2
    assert owner.post("/outlets/consents", {**FORM, "list": ""}).status_code == 422
    assert "R3" in owner.get("/outlets/consents/form.csv").content.decode()


@DB
def test_a_list_that_has_nowhere_to_wait_is_told_so_and_nothing_breaks(settings) -> None:
    owner = person(Role.OWNER)
    shown = owner.post("/outlets/consents", {**FORM, "list": "outlet\nR1"})
    token = re.search(r'name="token" value="([^"]+)"', shown.content.decode()).group(1)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    again = owner.post("/outlets/consents", {**FORM, "list": "outlet\nR1"})
    assert (again.status_code, "nothing was written" in again.content.decode()) == (503, True)
    written = owner.post("/outlets/consents/write", {"token": token}, follow=True)
    assert (written.status_code, "nothing was written" in written.content.decode()) == (200, True)
    assert not Consent.objects.exists()
