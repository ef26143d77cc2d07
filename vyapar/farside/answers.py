"""Answers over HTTP as values: what undocumented ones mean, and whether a body is signed. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vyapar.kernel.errors import Misconfigured, NotNow, Rejected, Unavailable, VyaparError
from vyapar.kernel.phrases import phrase as _


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP. `payload` is the JSON object, empty when there was none.

    `document` is the JSON whatever it is, None when the body is none; `body` the bytes as they came;
    `headers` have lower-case names.
    """

    status: int
    payload: Mapping[str, Any]
    simulated: bool
    retry_after: int
    changes_things: bool
    document: Any = None
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def undocumented(name: str, answer: Answer, *, code: str = "", details: str = "") -> VyaparError:
    """The error for a failure whose code is missing or in nobody's table, by HTTP status alone.

    A bare 5xx to a request that changes things may come from a proxy after the far side acted, so
    its outcome is unknown.
    """
    code = f"{name}_{code or f'http_{answer.status}'}"
    if answer.status == 429:
        wait = answer.retry_after or 1
        return NotNow(_("%(name)s asks for fewer requests", name=name), code=code, retry_after=wait)
    if answer.status >= 500:
        return Unavailable(
            _("%(name)s failed inside (HTTP %(status)s)", name=name, status=answer.status),
            code=code,
            outcome_unknown=answer.changes_things,
            retry_after=answer.retry_after,
        )
    if answer.status in (401, 403) or answer.status < 400:
        return Misconfigured(
            _(
                "%(name)s answered HTTP %(status)s: check address and credentials",
                name=name,
                status=answer.status,
            ),
            code=code,
        )
    reason = details or f"HTTP {answer.status}"
    return Rejected(_("%(name)s declined: %(reason)s", name=name, reason=reason), code=code)


def unreadable(name: str) -> Unavailable:
    """The far side said yes in words we cannot read: it may have acted."""
    return Unavailable(
        _("%(name)s answered something unreadable", name=name),
        code=f"{name}_unreadable",
        outcome_unknown=True,
    )


def is_signed(raw_body: bytes, header: str, secret: str) -> bool:
    """True when `header` is `sha256=` and the HMAC-SHA256 of the raw body; constant time.

    An empty secret verifies nothing.
    """
    if not secret or not header.isascii():
        return False
    expected = "sha256=" + hmac.new(secret.encode(), raw_body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, header.strip())
