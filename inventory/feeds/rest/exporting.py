"""Decisions posted to an address as our canonical JSON; the answer read by configured paths."""

from __future__ import annotations

from typing import Any

from inventory.contracts.feeds import Acknowledged, ExportDocument, ExportKind
from inventory.feeds.rest.client import client_of
from inventory.feeds.rest.recipe import find
from inventory.feeds.system import Access
from vyapar.engine.wire import outward
from vyapar.farside.answers import Answer, undocumented
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _

EXPORTS = frozenset(ExportKind)
_NO = frozenset({"false", "no", "0", "rejected", "declined", "failed", "error", "ko"})
#: Refusals that say nothing about the document itself.
_NOT_ABOUT_IT = frozenset({401, 403, 408, 425, 429})


def push(access: Access, document: ExportDocument) -> Acknowledged:
    """POST one document with its key as Idempotency-Key: the far side books it once.

    Settings: `push_path`; `push_accepted`, `push_number`, `push_reason` say where the answer tells
    whether it is taken, under which number, or why not. Without `push_accepted` any success is a yes.
    """
    settings = access.settings
    path = str(settings.get("push_path") or "")
    if not path:
        raise Misconfigured(_("say where documents go: the feed has no push_path"), code="rest_push_path")

    def read(answer: Answer) -> Acknowledged:
        simulated = answer.simulated or access.sandbox
        reason = _text(find(str(settings.get("push_reason") or "reason"), answer.document))
        if not answer.is_success:
            if not 400 <= answer.status < 500 or answer.status in _NOT_ABOUT_IT:
                raise undocumented("rest", answer)
            return Acknowledged(False, reason=reason or f"HTTP {answer.status}", simulated=simulated)
        where = str(settings.get("push_accepted") or "")
        said = find(where, answer.document) if where else True
        if not said or str(said).strip().lower() in _NO:
            return Acknowledged(False, reason=reason or "declined without a reason", simulated=simulated)
        number = _text(find(str(settings.get("push_number") or "number"), answer.document))
        return Acknowledged(True, number=number, simulated=simulated)

    with client_of(access) as client:
        headers = {"Idempotency-Key": document.key}
        return client.call("POST", path.lstrip("/"), read, body=outward(document), headers=headers)


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)[:200]
