"""The four families of anticipated failure; anything else that is raised is a bug."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where it stands, what it is, what to do about it.

    `row` counts from 1 as a person reading the file or list would.
    """

    code: str
    message: str
    field: str = ""
    row: int | None = None
    value: str = ""


class VyaparError(Exception):
    """Base of every anticipated failure: a stable `code`, a sentence, and the faults behind it."""

    status = 500

    def __init__(self, message: str, *, code: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).__name__.lower()
        self.faults = tuple(faults)


class Refused(VyaparError):
    """We decline, and would decline the same call again. Never retried."""

    status = 409


class Invalid(Refused):
    """The input cannot be understood or breaks a rule of form; `faults` says where."""

    status = 422


class Forbidden(Refused):
    """The actor may not do this."""

    status = 403


class NotFound(Refused):
    """There is no such thing here."""

    status = 404


class Stale(Refused):
    """The subject moved since the caller looked; the caller should look again."""

    status = 409


class Unavailable(VyaparError):
    """The far side is down or slow; the same call may work later. Retried, bounded."""

    status = 503

    def __init__(
        self, message: str, *, code: str = "", outcome_unknown: bool = False, retry_after: int = 0
    ) -> None:
        super().__init__(message, code=code)
        #: True when the request may have been carried out although no answer came back.
        self.outcome_unknown = outcome_unknown
        #: Seconds the far side asked us to wait; 0 when it said nothing.
        self.retry_after = retry_after


class NotNow(Unavailable):
    """The far side is well and asks us to wait (throttle, time window): never opens a breaker."""


class Rejected(VyaparError):
    """The far side declines; a person must change something. Fails the action."""

    status = 502


class Misconfigured(VyaparError):
    """Ours to mend: a credential, policy or setting. Stops that agent and raises an alert."""

    status = 500
