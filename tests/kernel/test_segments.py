"""Names in addresses come back as they were, and never read as something else of a path."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vyapar.kernel.segments import name_of, segment_of

NAMES = st.text(st.sampled_from("a%2F5./ -é१") | st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(NAMES)
@example("..")
@example(".")
@example("CHIPS 5/-")
@example("%2F")
@example("50%")
@example("pages")
def test_a_name_survives_the_address(name: str) -> None:
    segment = segment_of(name, {"pages"})
    assert "/" not in segment
    assert segment not in {".", "..", "pages"}
    assert name_of(unquote(quote(segment, safe=""))) == name


def test_what_needs_no_code_of_its_own_is_left_as_it_is() -> None:
    assert [segment_of(name) for name in ("BIS-100", "50%", "a b", "बैच")] == ["BIS-100", "50%", "a b", "बैच"]


def test_no_name_holds_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        name_of("%00")
