"""Nothing that the law objects to is kept in English alone: every sentence knows what it was made of."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.contracts import Standing
from compliance.documents import build, freeze, period_report, thaw
from compliance.documents.told import told
from compliance.rules import examine, inspect
from tests.compliance.movements import movements
from tests.compliance.periods import paper, period, write_off
from vyapar.gateway import speech
from vyapar.gateway.speech import say, say_again
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Refused
from vyapar.kernel.phrases import Phrase, listed, phrase
from vyapar.law.store import table
from vyapar.law.wordings import WORDINGS

ROOMS = [
    *sorted(Path("compliance/rules").glob("*.py")),
    Path("compliance/documents/period_report.py"),
    Path("alerts/agent.py"),
    Path("alerts/handlers/doings.py"),
    Path("alerts/handlers/data.py"),
]


def is_whole(text: str) -> bool:
    return not text or (isinstance(text, Phrase) and say_again(text.words) == text)


@given(movements(), st.sampled_from([None, 0, 10**12]), st.integers(-40, 400))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_finding_and_reason_of_a_movement_can_be_said_in_another_language(facts, turnover, later):
    standing = Standing(turnover, turnover, None)
    answer = examine(facts, at_date=facts.dispatch_date + timedelta(days=later), standing=standing)
    for one in answer.findings:
        assert is_whole(one.message), one.message
        assert is_whole(one.fix), one.fix
        again = Finding.of(plain(one))
        assert again.words
        assert (again.message, say(again.message)) == (one.message, one.message)
    assert all(is_whole(reason) for reason in answer.reasons)


@given(movements())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_finding_of_a_paper_can_be_said_in_another_language(facts):
    said = []
    try:
        found = inspect(build(facts, document_date=facts.dispatch_date, number="0/bad"))
        said += [text for one in found for text in (one.message, one.fix)]
    except Refused as refused:
        said.append(refused.message)
    assert said
    assert [text for text in said if not is_whole(text)] == []


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_no_rule_or_alert_puts_figures_into_a_sentence_by_an_f_string(room):
    """A piece of text between two figures would be a sentence that no catalogue can hold."""
    sentences = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(room.read_text("utf-8")))
        if isinstance(node, ast.JoinedStr)
        and any(isinstance(part, ast.Constant) and len(part.value.split()) > 2 for part in node.values)
    ]
    assert sentences == []


@given(movements())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_what_a_frozen_paper_says_is_said_in_another_language_and_its_seal_stands(facts):
    try:
        document = thaw(freeze(build(facts, document_date=facts.dispatch_date)))
    except Refused:
        return
    said = told(document)
    texts = (said.reason, said.valuation, said.eway)
    assert texts == (document.reason, document.valuation_note, document.eway.reason)
    assert [text for text in texts if not is_whole(text)] == []
    assert told(replace(document, reason="as it was worded then")).reason == "as it was worded then"


def test_every_exception_of_a_period_can_be_said_in_another_language():
    papers = (
        paper(1, simulated=True),
        paper(3, cancelled=True, eway_needed=True),
        paper(3, eway_needed=True, total_paise=1),
    )
    chain = replace(period().chain, intact=False, broken_at=17)
    report = period_report.build(
        period(documents=papers, write_offs=(write_off(traced=False, reversed_paise=0),), chain=chain)
    )
    assert {one.code for one in report.exceptions} == {
        "R-GAP", "R-TWICE", "R-REASON", "R-SUM", "R-EWAY", "R-ITC", "R-TRACE", "R-CHAIN", "R-SIMULATED",
    }  # fmt: skip
    assert [text for one in report.exceptions for text in (one.message, one.fix) if not is_whole(text)] == []


def test_what_the_tables_say_has_words_too():
    texts = {row["label"] for row in table("valuation_methods")}
    texts |= {row["condition"] for row in table("offer_treatment")}
    assert texts == set(WORDINGS)
    assert all(str(one) == text for text, one in WORDINGS.items())


def test_old_findings_without_words_are_told_as_they_stand():
    kept = {"code": "G01", "severity": "warn", "message": "as it stands", "fix": "mend it"}
    found = Finding.of(kept)
    assert (found.severity, found.message, found.fix) == (Severity.WARN, "as it stands", "mend it")
    assert (found.words, found.fix_words) == ((), ())


def test_texts_in_one_line_are_each_said_in_the_readers_language(monkeypatch):
    monkeypatch.setattr(speech, "gettext", lambda text: {"it pays": "fayda hai"}.get(text, text))
    line = listed([phrase("it pays"), "100 %", phrase("it pays")])
    assert (line, say(line)) == ("it pays · 100 % · it pays", "fayda hai · 100 % · fayda hai")
    assert say(listed([])) == ""
