"""English and Hindi: every word that a screen can show has its Hindi, and the compiled file is up to date."""

from __future__ import annotations

import ast
import dataclasses
import gettext
import io
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.template import engines
from django.utils import translation

from inventory.contracts.feeds import RecordKind
from inventory.contracts.outcomes import ClaimState
from inventory.forecasting.methods import ENTRANTS
from inventory.forecasting.patterns import Pattern
from inventory.models import Export, ImportRun, QuarantinedRow
from inventory.models.ledger import MovementKind
from reallocation.models import Transfer
from reallocation.rules import Cause
from vyapar.dashboard.rule_words import RULES
from vyapar.dashboard.templatetags import words
from vyapar.engine import registry
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.phrases import coded
from vyapar.law.papers import PaperKind
from vyapar.people.contracts import May

ROOT = Path(__file__).resolve().parents[2]
PO = ROOT / "locale/hi/LC_MESSAGES/django.po"
HINDI = polib.pofile(str(PO))
HAVE = {entry.msgid for entry in HINDI if not entry.obsolete}

#: Abbreviations of the trade and of the law that an Indian office writes in Latin letters.
LATIN = {
    "SKU", "SMS", "WhatsApp", "WhatsApp Business", "RMSSE", "WAPE", "MRP", "HSN", "GSTIN",
    "SGST", "FSSAI", "PDF", "CSV", "Excel", "SHA-256", "AUC",
}  # fmt: skip
SAME = {
    "SKU", "SMS", "WhatsApp", "WhatsApp Business", "RMSSE", "WAPE", "MRP", "HSN", "GSTIN",
    "SGST", "FSSAI", "PDF", "CSV", "Excel", "SHA-256", "AUC", "of",
}  # fmt: skip

_PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|%%")
_TRANS = re.compile(r"""\{%\s*trans(?:late)?\s+(?:"([^"]*)"|'([^']*)')""")
_LITERAL = re.compile(r"""\b_\((?:"([^"]*)"|'([^']*)')\)""")
_BLOCK = re.compile(r"\{%\s*blocktrans(?:late)?\b([^%]*)%\}(.*?)\{%\s*endblocktrans", re.DOTALL)


def texts(entry: polib.POEntry) -> list[str]:
    """The Hindi of an entry: one text, or one for each plural form."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def said_in_template(source: str) -> Iterator[str]:
    """Every msgid of a template's source, as makemessages would write it."""
    for double, single in (*_TRANS.findall(source), *_LITERAL.findall(source)):
        yield (double or single).replace("%", "%%")
    for options, body in _BLOCK.findall(source):
        for text in re.split(r"\{%\s*plural\s*%\}", body)[:1]:
            flat = re.sub(r"\s*\n\s*", " ", text).strip() if "trimmed" in options else text
            yield re.sub(r"\{\{\s*(\w+)\s*\}\}", r"%(\1)s", flat.replace("%", "%%"))


def said_in_python(source: str) -> Iterator[str]:
    """Every literal that a module hands to Django's gettext or makes a phrase of, under whatever name."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module in ("django.utils.translation", "vyapar.kernel.phrases")
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            place = 1 if names[node.func.id].startswith(("pgettext", "npgettext")) else 0
            text = node.args[place] if len(node.args) > place else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield str(coded(text.value)) if names[node.func.id] == "coded" else text.value


def test_every_entry_has_its_hindi_and_none_is_fuzzy_or_stale():
    assert [entry.msgid for entry in HINDI.untranslated_entries()] == []
    assert [entry.msgid for entry in HINDI.fuzzy_entries()] == []
    assert [entry.msgid for entry in HINDI.obsolete_entries()] == []
    assert len(HINDI) > 700


def test_no_entry_stands_twice():
    keys = [(entry.msgctxt, entry.msgid) for entry in HINDI]
    assert len(keys) == len(set(keys))


def test_the_hindi_is_written_in_devanagari_and_not_copied_from_the_english():
    for entry in HINDI:
        if entry.msgid in SAME:
            continue
        for text in texts(entry):
            bare = _PLACE.sub("", text)
            names = {unicodedata.name(letter).split()[0] for letter in bare if letter.isalpha()}
            assert "DEVANAGARI" in names or bare.strip() in LATIN or not names, entry.msgid
            assert names <= {"DEVANAGARI", "LATIN"}, f"{entry.msgid}: {names}"


def test_the_places_of_figures_are_the_same_in_both_languages():
    for entry in HINDI:
        for text in texts(entry):
            assert sorted(_PLACE.findall(text)) == sorted(_PLACE.findall(entry.msgid)), entry.msgid


def test_no_sentence_loses_its_full_stop():
    for entry in HINDI:
        ends = entry.msgid.endswith(".")
        assert all(text.endswith("।") == ends for text in texts(entry)), entry.msgid


def test_the_compiled_file_says_what_the_source_says():
    kept = gettext.GNUTranslations(io.BytesIO(PO.with_suffix(".mo").read_bytes()))
    fresh = gettext.GNUTranslations(io.BytesIO(HINDI.to_binary()))
    assert kept._catalog == fresh._catalog, "run bin/words"


@pytest.mark.parametrize("folder", sorted(path.name for path in (ROOT / "templates").iterdir()))
def test_everything_that_a_template_says_has_an_entry(folder):
    place = ROOT / "templates" / folder
    said = {
        text: str(path.relative_to(ROOT))
        for path in ([place] if place.is_file() else sorted(place.rglob("*.html")))
        for text in said_in_template(path.read_text())
    }
    assert {text: path for text, path in said.items() if text not in HAVE} == {}


@pytest.mark.parametrize("room", ["vyapar", "inventory", "reallocation", "campaigns", "compliance", "alerts"])
def test_everything_that_a_module_says_has_an_entry(room):
    said = {
        text: str(path.relative_to(ROOT))
        for path in sorted((ROOT / room).rglob("*.py"))
        for text in said_in_python(path.read_text())
    }
    assert said, room
    assert {text: path for text, path in said.items() if text not in HAVE} == {}


def test_the_scan_sees_every_way_in_which_a_template_speaks():
    source = (
        """{% trans "One" %}{% translate 'Two, %' %}{% button _("Three") %}"""
        """{% blocktrans count n=2 trimmed %}\n {{ n }} row\n{% plural %}{{ n }} rows{% endblocktrans %}"""
    )
    assert list(said_in_template(source)) == ["One", "Two, %%", "Three", "%(n)s row"]
    module = "from django.utils.translation import gettext as said, pgettext, ngettext\n"
    calls = "said('One'); pgettext('c', 'Two'); ngettext('a', 'b', 2); said(name); other('Three')"
    assert list(said_in_python(module + calls)) == ["One", "Two", "a"]


def codes() -> list[str]:
    """Codes that screens put in words with `plain`: no extraction can find them."""
    kinds = [*Pattern, *Cause, *MovementKind.values, *PaperKind, *May, *RecordKind]
    states = [ImportRun.State, QuarantinedRow.State, Export.State, ClaimState, Transfer.State, Status]
    kinds += [state for several in states for state in several]
    actions = [kind.name for kind in registry.kinds()]
    rules = [
        field.metadata.get("label") or field.name
        for agent in registry.agents()
        for field in dataclasses.fields(agent.policy)
    ]
    return [str(code) for code in (*kinds, *actions, *rules)]


def test_every_code_that_is_shown_in_words_has_its_hindi():
    with translation.override("en"):
        said = {words.plain(code) for code in codes()}
    assert len(said) > 100
    assert said - HAVE == set()


@pytest.mark.parametrize(
    ("source", "english", "hindi"),
    [
        ("{% trans 'Dead stock' %}", "Dead stock", "डेड स्टॉक"),
        ("{% trans 'Least confidence, %' %}", "Least confidence, %", "न्यूनतम भरोसा, %"),
        ("{{ 'delivery_challan'|plain }}", "Delivery challan", "डिलीवरी चालान"),
        ("{% blocktrans count days=3 %}{{ days }} day from Part B{% plural %}{{ days }} days from Part B"
         "{% endblocktrans %}", "3 days from Part B", "भाग B से 3 दिन"),
    ],
)  # fmt: skip
def test_a_template_speaks_the_language_that_is_asked_for(source, english, hindi):
    template = engines["django"].from_string("{% load i18n %}" + source)
    with translation.override("en"):
        assert template.render() == english
    with translation.override("hi"):
        assert template.render() == hindi


@pytest.mark.parametrize(
    ("name", "words_"),
    [("DeadStockDetected", "Dead stock detected"), ("PolicySet", "Policy set"),
     ("APIKeyIssued", "API key issued"),
     ("", "")],
)  # fmt: skip
def test_the_name_of_an_event_is_told_in_words(name, words_):
    with translation.override("en"):
        assert words.said(name) == words_


def test_every_rule_of_every_agent_has_a_name_for_people():
    nameless = [
        f"{agent.name}.{field.name}"
        for agent in registry.agents()
        for field in dataclasses.fields(agent.policy)
        if not field.metadata.get("label") and field.name not in RULES
    ]
    assert nameless == []


def test_every_way_of_forecasting_has_words_of_its_own() -> None:
    names = [method.name for method in ENTRANTS]
    said = [words.method_label(name) for name in names]
    assert len(set(said)) == len(names)
    assert not [name for name, word in zip(names, said, strict=True) if word == words.plain(name)]
