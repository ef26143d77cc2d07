"""States, their half of the tax, their pincodes."""

from __future__ import annotations

import pytest

from vyapar.kernel.errors import Invalid
from vyapar.law.states import find_state, get_state, intra_state_tax, list_states, pin_matches


@pytest.mark.parametrize(
    ("code", "kind"),
    [("27", "SGST"), ("07", "SGST"), ("01", "SGST"), ("34", "SGST"), ("04", "UTGST"), ("26", "UTGST"),
     ("31", "UTGST"), ("35", "UTGST"), ("38", "UTGST"), ("97", "UTGST")],
)  # fmt: skip
def test_union_territories_without_a_legislature_have_their_own_kind_of_tax(code, kind):
    assert intra_state_tax(code) == kind


def test_an_unknown_code_is_refused_and_the_field_named():
    assert find_state("77") is None
    with pytest.raises(Invalid) as caught:
        get_state("77", field="buyer.state_code")
    assert caught.value.faults[0].field == "buyer.state_code"


@pytest.mark.parametrize(
    ("code", "pincode", "fits"),
    [("27", "411001", True), ("27", "560001", False), ("29", "560001", True), ("07", "110001", True),
     ("26", "396230", True), ("34", "605001", True), ("34", "608001", False), ("27", "4110", False),
     ("27", "041100", False), ("38", "194101", True), ("97", "999999", True)],
)  # fmt: skip
def test_a_pincode_is_judged_by_its_first_three_digits(code, pincode, fits):
    assert pin_matches(code, pincode) is fits


def test_people_pick_from_current_states_only():
    picked = {state.code for state in list_states()}
    assert {"27", "38", "97"} <= picked
    assert not {"25", "28", "99"} & picked
