"""Who acted and on what, as people call it: no name that only the machine uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils.translation import override

from vyapar.dashboard.templatetags import words
from vyapar.dashboard.templatetags.ui_filters import about, constant, who
from vyapar.dashboard.verbs import VERBS
from vyapar.kernel.actor import agent, system


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("agent:alerts", "Alerts agent"),
        ("Alerts agent", "Alerts agent"),
        ("agent:nobody", "agent:nobody"),
        ("system:clock", "The machine: time is up"),
        ("system:reader", "The machine"),
        ("key:vs_12", "API key vs_12"),
        ("user:7", "Person 7"),
        ("Asha Travel agent", "Asha Travel agent"),
        ("Meena", "Meena"),
        ("", ""),
    ],
)
def test_who_acted(name, said):
    assert who(name) == said


def test_an_agent_is_named_in_the_readers_language():
    with override("hi"):
        assert "Alerts" not in who(str(agent("alerts")))
        assert who(str(agent("alerts"))) == who("agent:alerts")


def test_every_name_under_which_the_machine_acts_is_known():
    code = "\n".join(
        path.read_text("utf-8")
        for root in ("vyapar", "inventory", "alerts", "campaigns", "compliance", "reallocation")
        for path in Path(root).rglob("*.py")
        if "sandbox" not in path.parts
    )
    names = {*re.findall(r'\bsystem\("([a-z-]+)"\)', code), system().ident}
    assert len(names) > 12
    assert names <= set(words._MACHINE)


def test_every_subject_that_a_service_writes_has_a_name():
    code = "\n".join(
        path.read_text("utf-8")
        for root in ("vyapar", "inventory", "alerts", "campaigns", "compliance", "reallocation")
        for path in Path(root).rglob("*.py")
    )
    kinds = set(re.findall(r'subject=f?"([a-z]+):', code))
    assert len(kinds) > 15
    assert kinds <= set(words._THINGS)


def test_what_it_was_done_to():
    assert about("action:12") == "Action 12"
    assert about("agent:alerts") == "Alerts agent"
    assert about("item:SKU:PUNE") == "SKU in a territory SKU:PUNE"
    assert about("inbox") == "inbox"
    assert constant("") == ""


def test_words_of_the_law_are_spelt_as_the_law_spells_them():
    with override("en"):
        assert words.said("FssaiSet") == "FSSAI set"
        assert words.said("EwayNumberNoted") == "E-way number noted"


def test_every_verb_and_event_of_the_trail_is_named_for_the_translation():
    code = "\n".join(
        path.read_text("utf-8")
        for root in ("vyapar", "inventory", "alerts", "campaigns", "compliance", "reallocation")
        for path in Path(root).rglob("*.py")
    )
    names = set(re.findall(r'verb="([A-Z]\w+)"', code)) | set(re.findall(r"\bemit\(\s*([A-Z]\w+)\(", code))
    assert len(names) > 60
    assert {words.said(name) for name in names} - set(VERBS) == set()
