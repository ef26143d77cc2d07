"""States and Union territories: their codes, their half of the tax, their pincodes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.law.store import Row, table

_RANGE = re.compile(r"\b(\d{3})(?:-(\d{3}))?\b")


@dataclass(frozen=True, slots=True)
class State:
    """One row of the State master. `tax` is the kind of the State's half: SGST, UTGST or IGST."""

    code: str
    name: str
    tax: str
    legacy: bool
    usable_as_pos: bool
    pin_ranges: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


@cache
def all_states() -> dict[str, State]:
    """Every State by its two-digit code, legacy and special codes included."""
    return {row["code"]: _state(row) for row in table("state_codes")}


def list_states() -> tuple[State, ...]:
    """The States a person may pick today, by code."""
    return tuple(s for s in all_states().values() if not s.legacy and s.usable_as_pos)


def find_state(code: str) -> State | None:
    """The State with a two-digit code, or None."""
    return all_states().get(code)


def get_state(code: str, *, field: str = "state_code") -> State:
    """The State with a two-digit code; `Invalid` names the field."""
    state = find_state(code)
    if state is None:
        fault = Fault("no_such_state", _("write the two-digit GST State code, e.g. 27"), field, value=code)
        raise Invalid(
            _("%(field)s: there is no State %(code)s", field=field, code=f"{code!r}"),
            code="no_such_state",
            faults=[fault],
        )
    return state


def intra_state_tax(code: str) -> str:
    """`SGST` in States and in Union territories with a legislature, `UTGST` in the others.

    Source: s.9 CGST Act with s.7 UTGST Act.
    """
    return get_state(code).tax


def pin_matches(code: str, pincode: str) -> bool:
    """Whether a six-digit pincode can lie in a State, judged by its first three digits.

    True where the table knows no pincodes for the code. Source: India Post's allotment, the check
    behind NIC errors 3039 and 710.
    """
    if not re.fullmatch(r"[1-9][0-9]{5}", pincode):
        return False
    ranges = get_state(code).pin_ranges
    prefix = int(pincode[:3])
    return not ranges or any(low <= prefix <= high for low, high in ranges)


def _state(row: Row) -> State:
    return State(
        code=row["code"],
        name=row["name"],
        tax=row["intra_state_tax"],
        legacy=row["legacy"] == "Y",
        usable_as_pos=row["usable_as_pos"] == "Y",
        pin_ranges=tuple((int(low), int(high or low)) for low, high in _RANGE.findall(row["pin_first3"])),
    )
