"""What a GSTIN is: its shape, its parts, and the check character that guards them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LENGTH = 15

#: Shapes by kind of registration (developer.gst.gov.in). A dealer's 14th character is `Z`.
PATTERNS: dict[str, re.Pattern[str]] = {
    "normal": re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]"),
    "government": re.compile(r"[0-9]{2}[A-Z]{4}[0-9]{5}[A-Z][0-9]Z[0-9]"),
    "tax_deductor": re.compile(r"[0-9]{2}[A-Z]{4}[A-Z0-9][0-9]{4}[A-Z][1-9A-Z]D[0-9A-Z]"),
    "tax_collector": re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]C[0-9A-Z]"),
    "non_resident": re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}NR[0-9A-Z]"),
    "online_service": re.compile(r"99[0-9]{2}[A-Z]{3}[0-9]{5}OS[0-9A-Z]"),
    "un_body": re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}[UO]N[A-Z0-9]"),
}

#: States and Union territories, other territory (97) and the Centre's own jurisdiction (99).
STATE_CODES = frozenset({f"{n:02d}" for n in range(1, 39)} | {"97", "99"})

#: Fourth letter of a PAN: what kind of person holds it.
PAN_HOLDERS = frozenset("ABCFGHJKLPT")

#: Test identities of the e-invoice sandbox; their check characters are wrong by design.
SANDBOX = frozenset({"02AMBPG7773M002", "36AMBPG7773M002", "37ARZPT4384Q1MT", "29AWGPV7107B1Z1"})


@dataclass(frozen=True, slots=True)
class Gstin:
    """A registration number that passed every check; `pan` is characters 3 to 12."""

    value: str
    state_code: str
    pan: str

    @property
    def is_individual(self) -> bool:
        """True when the PAN is a natural person's: the number is then personal data."""
        return self.pan[3] == "P"

    def __str__(self) -> str:
        return self.value


def check_character(first_fourteen: str) -> str:
    """The 15th character that belongs to fourteen others (Luhn modulo 36)."""
    total = 0
    for index, character in enumerate(first_fourteen):
        product = ALPHABET.index(character) * (1 + index % 2)
        total += product // 36 + product % 36
    return ALPHABET[(36 - total % 36) % 36]


def parse(text: str, *, field: str = "gstin", allow: Collection[str] = ()) -> Gstin:
    """The number in `text`, spaces and case forgiven; `Invalid` names `field` and the part at fault.

    Numbers in `allow` pass as they stand: sandboxes hand out identities whose check fails.
    """
    value = text.strip().upper()
    if value not in allow:
        fault = _fault(value, field)
        if fault is not None:
            raise Invalid(
                _("%(field)s: %(why)s", field=field, why=fault.message), code=fault.code, faults=[fault]
            )
    return Gstin(value, value[:2], value[2:12])


def is_valid(text: str, *, allow: Collection[str] = ()) -> bool:
    """Whether `parse` would accept it."""
    value = text.strip().upper()
    return value in allow or _fault(value, "") is None


def kind_of(value: str) -> str:
    """The kind of registration by shape alone, a key of `PATTERNS`; empty when none fits."""
    return next((kind for kind, shape in PATTERNS.items() if shape.fullmatch(value)), "")


def _fault(value: str, field: str) -> Fault | None:
    if len(value) != LENGTH:
        message = _("a GSTIN has 15 characters, not %(count)s", count=len(value))
        return Fault("gstin_length", message, field, value=value)
    kind = kind_of(value)
    if not kind:
        message = _(
            "%(value)s is not shaped like a GSTIN: two digits of the State, the PAN, an entity number "
            "from 1, Z, a check character",
            value=value,
        )
        return Fault("gstin_format", message, field, value=value)
    if value[:2] not in STATE_CODES:
        message = _("there is no State with the code %(code)s", code=value[:2])
        return Fault("gstin_state", message, field, value=value)
    if kind in {"normal", "tax_collector"} and not _is_pan(value[2:12]):
        message = _("%(pan)s inside the GSTIN is not a PAN", pan=value[2:12])
        return Fault("gstin_pan", message, field, value=value)
    expected = check_character(value[:14])
    if value[14] != expected:
        message = _(
            "the last character of %(value)s should be %(expected)s: look for a typing slip",
            value=value,
            expected=expected,
        )
        return Fault("gstin_check", message, field, value=value)
    return None


def _is_pan(pan: str) -> bool:
    return pan[3] in PAN_HOLDERS and pan[5:9] != "0000"
