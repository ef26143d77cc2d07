"""Indian telephone numbers. Pure."""

from __future__ import annotations

import re


def phone_of(text: str) -> str | None:
    """`+91` and ten digits of the first number in a text; None when there is none."""
    first = re.split(r"[,;/|]", text)[0]
    digits = re.sub(r"\D", "", first)
    for prefix in ("0091", "91", "0"):
        if len(digits) == 10 + len(prefix) and digits.startswith(prefix):
            digits = digits[len(prefix) :]
    return f"+91{digits}" if re.fullmatch(r"[1-9][0-9]{9}", digits) else None
