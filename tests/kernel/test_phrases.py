"""Sentences that remember their pattern: the same text in English, said again in the reader's language."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyapar.dashboard.templatetags.ui_filters import spoken, spoken_each
from vyapar.engine.rules import Verdict
from vyapar.gateway import speech
from vyapar.gateway.speech import say_again
from vyapar.kernel.decision import Finding, PassedOver, Severity
from vyapar.kernel.digest import plain
from vyapar.kernel.digits import group_indian
from vyapar.kernel.phrases import Phrase, counted, phrase, together, words_of

#: What a language says of some patterns; the order of values is its own.
TOLD = {
    "Move %(pieces)s of %(what)s": "%(what)s: %(pieces)s le jao",
    "it pays": "fayda hai",
}
PLURALS = {"%(count)s piece": ("%(count)s nag", "%(count)s nagen")}


@pytest.fixture
def other(monkeypatch):
    monkeypatch.setattr(speech, "gettext", lambda text: TOLD.get(text, text))
    monkeypatch.setattr(
        speech, "ngettext", lambda one, many, n: PLURALS.get(one, (one, many))[0 if n == 1 else 1]
    )


def load(count: int, what: str) -> Phrase:
    return together(
        phrase(
            "Move %(pieces)s of %(what)s",
            pieces=counted("%(count)s piece", "%(count)s pieces", count),
            what=what,
        ),
        phrase("it pays"),
    )


@given(st.integers(0, 10**9), st.text(max_size=40))
def test_a_phrase_is_its_english_text_and_says_the_same_again_from_what_was_kept(count, what):
    found = load(count, what)
    assert found == f"Move {group_indian(count)} {'piece' if count == 1 else 'pieces'} of {what} it pays"
    kept = json.loads(json.dumps(plain(words_of(found))))
    assert say_again(kept) == str(found)


def test_it_is_said_in_the_readers_language_with_its_own_order_and_plural(other):
    kept = json.loads(json.dumps(plain(words_of(load(1, "100 % tea")))))
    assert say_again(kept) == "100 % tea: 1 nag le jao fayda hai"
    assert say_again(words_of(load(3, "tea"))) == "tea: 3 nagen le jao fayda hai"


def test_findings_and_what_was_passed_over_carry_the_words_of_their_phrases(other):
    found = Finding("X1", Severity.WARN, phrase("it pays"), fix=phrase("it pays"))
    passed = PassedOver("batch:1", "x", phrase("it pays"))
    for thing, name in ((found, "message"), (found, "fix"), (passed, "reason")):
        assert spoken(thing, name) == spoken(plain(thing), name) == "fayda hai"
    assert PassedOver(**plain(passed)) == PassedOver("batch:1", "x", "it pays", words=plain(passed)["words"])


@pytest.mark.parametrize(
    "row",
    [
        {"title": "as it stands"},
        {"title": "as it stands", "words": {}},
        {"title": "as it stands", "words": {"reason": [{"say": "it pays", "with": {}}]}},
        {"title": "as it stands", "words": {"title": [{"say": "%(lost)s pays", "with": {}}]}},
        {"title": "as it stands", "words": {"title": [{"say": "it pays"}]}},
    ],
)
def test_old_rows_and_words_that_do_not_fit_are_told_as_they_stand(row, other):
    assert spoken(row, "title") == "as it stands"


def test_each_reason_of_a_verdict_is_said_again_and_old_ones_stand(other):
    verdict = plain(Verdict(False, (phrase("it pays"), "as it stands")))
    assert spoken_each(verdict, "reasons") == ["fayda hai", "as it stands"]
    assert spoken_each({"reasons": ["old"]}, "reasons") == ["old"]
    assert spoken_each({}, "reasons") == []
