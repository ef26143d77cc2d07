"""Numbers that look right and belong to nobody: GSTIN, FSSAI, telephone, e-mail."""

from __future__ import annotations

from vyapar.kernel.gstin import check_character

#: FSSAI's own State codes (not those of GST), by GST State code.
_FSSAI_STATE = {"24": "107", "27": "115", "29": "112", "33": "124", "36": "136", "37": "101"}


def gstin(state_code: str, pan: str, entity: str = "1") -> str:
    """The registration of a PAN in a State, check character included."""
    stem = f"{state_code}{pan}{entity}Z"
    return stem + check_character(stem)


def proprietor_pan(number: int) -> str:
    """A PAN of an individual in the series ZZ, which the department has not reached."""
    hundreds, digits = divmod(number, 9_999)
    return f"ZZ{chr(ord('A') + hundreds % 26)}P{chr(ord('A') + number % 26)}{digits + 1:04d}Z"


def fssai(state_code: str, number: int) -> str:
    """A 14-digit State licence number with an enrolment that is not given out (000)."""
    return f"{_FSSAI_STATE[state_code]}24000{number:06d}"


def phone(number: int) -> str:
    """A mobile number in one block of a hundred thousand kept for the demonstration."""
    return f"+9199990{number:05d}"


def email(number: int) -> str:
    """An address under the reserved top-level domain `example`, which nobody can own."""
    return f"outlet{number:05d}@shops.example"
