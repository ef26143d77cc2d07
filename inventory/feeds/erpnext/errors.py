"""What Frappe's answers mean when they are not what was asked for. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from vyapar.farside.answers import Answer, undocumented
from vyapar.kernel.errors import Misconfigured, Rejected, Unavailable, VyaparError
from vyapar.kernel.phrases import phrase as _

NAME = "erpnext"
#: Exceptions of the far side's database that pass by themselves, whatever status they come with.
_PASSING = frozenset(
    {"QueryDeadlockError", "QueryTimeoutError", "TimestampMismatchError", "SessionStopped", "InReadOnlyMode",
     "OperationalError", "InterfaceError"}
)  # fmt: skip
_MISSING_FIELD = re.compile(r"Unknown column '([^']+)'|[Ff]ield not permitted in query:? ?'?`?([\w .`]+)")
_TAG = re.compile(r"<[^>]+>")


def failure(answer: Answer, what: str) -> VyaparError:
    """The error for an answer that is not a success; `what` was asked for, in words."""
    kind, said = exception_of(answer.payload), message_of(answer.payload)
    field = _MISSING_FIELD.search(said) or _MISSING_FIELD.search(str(answer.payload.get("exc") or ""))
    if answer.status == 401:
        return Misconfigured(_("ERPNext does not know this API key: issue a new one"), code="erpnext_401")
    if answer.status == 403:
        return Misconfigured(
            _("the ERPNext user of this key may not use %(what)s: give it a role that may", what=what),
            code="erpnext_403",
        )
    if field:
        name = (field.group(1) or field.group(2)).strip("` ")
        return Misconfigured(
            _("ERPNext has no field %(name)s in %(what)s", name=name, what=what), code="erpnext_field"
        )
    if answer.status == 409 or kind in ("DuplicateEntryError", "UniqueValidationError"):
        return Rejected(_("ERPNext has it already: %(said)s", said=said or what), code="erpnext_duplicate")
    if kind in _PASSING:
        return Unavailable(
            _("ERPNext could not carry it out now (%(kind)s)", kind=kind),
            code="erpnext_busy",
            outcome_unknown=answer.changes_things and answer.status != 417,
            retry_after=answer.retry_after,
        )
    if answer.status == 404:
        return Rejected(_("ERPNext has no %(what)s", what=what), code="erpnext_404")
    if answer.status == 417 or (400 <= answer.status < 500 and answer.status != 429):
        return Rejected(_("ERPNext declines: %(said)s", said=said or kind or what), code="erpnext_declined")
    return undocumented(NAME, answer, details=said)


def exception_of(payload: Mapping[str, Any]) -> str:
    """The class of the exception that Frappe names, without its module."""
    named = payload.get("exc_type") or str(payload.get("exception") or "").partition(":")[0]
    return str(named).rpartition(".")[2].strip()


def message_of(payload: Mapping[str, Any]) -> str:
    """What Frappe would show a person: plain text, at most 300 characters."""
    found = [_one_message(item) for item in _loaded(payload.get("_server_messages"))]
    text = " ".join(part for part in found if part)
    text = text or str(payload.get("exception") or payload.get("message") or "").partition(": ")[2]
    return " ".join(_TAG.sub(" ", text).split())[:300]


def _one_message(item: Any) -> str:
    inner = _loaded(item)
    return str(inner.get("message") or "") if isinstance(inner, dict) else str(inner or "")


def _loaded(value: Any) -> Any:
    """Frappe puts JSON into JSON; what is none is given back as it is."""
    if not isinstance(value, str):
        return value if value is not None else []
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
