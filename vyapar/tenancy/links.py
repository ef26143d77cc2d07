"""Signed links for people who do not sign in: each opens one door, at the distributor that made it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import signing

from vyapar.tenancy.here import current_schema


def sign(value: Any, *, purpose: str) -> str:
    """A token for a JSON value, good for one purpose at this distributor and nowhere else.

    Numbers and codes are the same at many distributors, and they share one host of ours.
    """
    return signing.dumps(value, salt=_salt(purpose))


def read(token: str, *, purpose: str, within: timedelta | None = None) -> Any:
    """The value in a token; None when it was not signed for this purpose at this distributor, or not
    `within` this time until now.
    """
    try:
        return signing.loads(token, salt=_salt(purpose), max_age=within)
    except signing.BadSignature:
        return None


def _salt(purpose: str) -> str:
    return f"vyapar:{current_schema()}:{purpose}"
