"""ERPNext, over Frappe's REST interface: pulls what changed, hands decisions back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson
from django.utils.translation import gettext_lazy as _

from inventory.feeds.erpnext.client import client_of
from inventory.feeds.erpnext.exporting import EXPORTS, find, push
from inventory.feeds.erpnext.fetch import fetch
from inventory.feeds.erpnext.source import open_spool
from inventory.feeds.erpnext.spool import Spool
from inventory.feeds.system import Access, System
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as gettext

__all__ = ["SYSTEM"]


def check(access: Access) -> str:
    """The versions that the site runs."""
    with client_of(access) as client:
        found = client.versions()
    return ", ".join(f"{app} {found[app]}" for app in sorted(found))[:200]


def gather(access: Access, bodies: Sequence[bytes], path: Path) -> None:
    """Documents that ERPNext's webhooks sent whole, as a pull would have left them."""
    spool = Spool(path, access.settings, {"events": len(bodies)})
    try:
        for number, body in enumerate(bodies, 1):
            document = _document(body, number)
            spool.add(str(document["doctype"]), [document])
    finally:
        spool.close()


def _document(body: bytes, number: int) -> dict[str, object]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("doctype"), str):
        message = gettext("send the document as JSON with its doctype")
        raise Invalid(message, code="not_a_document", faults=[Fault("not_a_document", message, row=number)])
    return document


SYSTEM = System(
    code="erpnext",
    label=_("ERPNext"),
    open=open_spool,
    fetch=fetch,
    check=check,
    gather=gather,
    push=push,
    find=find,
    exports=EXPORTS,
)
