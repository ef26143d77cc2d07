"""GSTIN: shape, parts, check character."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vyapar.kernel.errors import Invalid
from vyapar.kernel.gstin import ALPHABET, PAN_HOLDERS, SANDBOX, Gstin, check_character, is_valid, parse

EXAMPLES = list(csv.DictReader((Path(__file__).parent.parent / "law" / "gstin_examples.csv").open()))
KINDS = ("valid", "invalid", "sandbox_only")
BY_KIND = {kind: [row for row in EXAMPLES if row["expected"] == kind] for kind in KINDS}


@st.composite
def gstins(draw: st.DrawFn) -> str:
    state = draw(st.sampled_from(["01", "07", "19", "27", "29", "33", "38", "97"]))
    letters = st.sampled_from(ALPHABET[10:])
    pan = (
        "".join(draw(letters) for _ in range(3))
        + draw(st.sampled_from(sorted(PAN_HOLDERS)))
        + draw(letters)
        + f"{draw(st.integers(1, 9999)):04d}"
        + draw(letters)
    )
    body = state + pan + draw(st.sampled_from(ALPHABET[1:])) + "Z"
    return body + check_character(body)


@pytest.mark.parametrize("row", BY_KIND["valid"], ids=lambda r: r["gstin"])
def test_known_good_numbers_pass_with_their_parts(row):
    number = parse(row["gstin"])
    assert number == Gstin(row["gstin"], row["gstin"][:2], row["gstin"][2:12])
    assert check_character(row["gstin"][:14]) == row["computed_check_char"]


@pytest.mark.parametrize("row", BY_KIND["invalid"], ids=lambda r: r["gstin"] + " " + r["reason"])
def test_known_bad_numbers_are_refused_with_the_field_named(row):
    assert not is_valid(row["gstin"])
    with pytest.raises(Invalid) as caught:
        parse(row["gstin"], field="buyer.gstin")
    (fault,) = caught.value.faults
    assert fault.field == "buyer.gstin"
    assert fault.value == row["gstin"]
    assert fault.message in str(caught.value)


@pytest.mark.parametrize("row", BY_KIND["sandbox_only"], ids=lambda r: r["gstin"])
def test_sandbox_identities_pass_only_when_they_are_let_in(row):
    assert not is_valid(row["gstin"])
    assert is_valid(row["gstin"], allow=SANDBOX)
    assert parse(row["gstin"], allow=SANDBOX).state_code == row["gstin"][:2]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("27AAPFU0939F1Z", "gstin_length"),
        ("369296450896540", "gstin_format"),
        ("39AAPFU0939F1ZQ", "gstin_state"),
        ("27AAPXU0939F1ZU", "gstin_pan"),
        ("27AAPFU0939F1ZO", "gstin_check"),
    ],
)
def test_each_part_at_fault_has_its_own_code(text, code):
    with pytest.raises(Invalid) as caught:
        parse(text)
    assert caught.value.code == code


def test_an_unregistered_persons_mark_is_not_a_gstin():
    assert not is_valid("URP")


@given(gstins())
def test_a_number_with_its_check_character_passes_in_any_case_and_with_spaces(value):
    assert parse(f" {value.lower()} ").value == value
    assert parse(value).is_individual == (value[5] == "P")


@given(gstins(), st.integers(0, 13), st.data())
@example("27AAPFU0939F1ZV", 0, None)
def test_any_single_wrong_character_is_noticed(value, position, data):
    other = "3" if data is None else data.draw(st.sampled_from(ALPHABET.replace(value[position], "")))
    assert not is_valid(value[:position] + other + value[position + 1 :])


@given(gstins())
def test_a_parsed_number_cannot_be_changed(value):
    with pytest.raises(dataclasses.FrozenInstanceError):
        parse(value).value = "x"  # type: ignore[misc]
