"""Transport to Frappe's REST interface, as ERPNext speaks it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote

from inventory.feeds.addresses import check_address, is_private_allowed
from inventory.feeds.erpnext.errors import NAME, failure
from inventory.feeds.system import Access
from vyapar.farside.answers import Answer, unreadable
from vyapar.farside.http import HttpFarSide, Timeouts
from vyapar.farside.resilience import RetryPolicy
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _

T = TypeVar("T")
Document = dict[str, Any]

#: Rows of child tables asked for at once.
CHILD_PAGE = 2_000


class ErpnextClient(HttpFarSide):
    """One site of Frappe with one user's API key and secret.

    Every list is asked for in pages; nothing here reads without bound. `served_at` is the far side's
    own time of its last answer.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        secret: str,
        *,
        timeout: Timeouts = Timeouts(read_seconds=60.0),
        retry: RetryPolicy = RetryPolicy(),
        proxy: str = "",
        private_allowed: bool | None = None,
    ) -> None:
        if not (base_url and key and secret):
            raise Misconfigured(
                _("ERPNext needs an address, an API key and its secret"), code="erpnext_setup"
            )
        super().__init__(
            NAME,
            base_url.rstrip("/"),
            headers={"Authorization": f"token {key}:{secret}", "Accept": "application/json"},
            secrets=(secret, key),
            timeouts=timeout,
            retry=retry,
            proxy=proxy,
            brings_data=True,
            private_allowed=private_allowed,
        )
        self.served_at: datetime | None = None
        self.simulated = False

    def versions(self) -> dict[str, str]:
        """Installed apps and their versions."""
        path = "/api/method/frappe.utils.change_log.get_versions"
        found = self.call("GET", path, self._reader("message", dict, "versions"))
        return {app: str(facts.get("version", "")) for app, facts in found.items() if isinstance(facts, dict)}

    def list_page(
        self,
        doctype: str,
        fields: Sequence[str],
        filters: Sequence[Sequence[Any]],
        *,
        length: int,
        order: str = "modified asc, name asc",
    ) -> list[Document]:
        """The first `length` documents that the filters leave, in order."""
        params = {
            "fields": json.dumps(list(fields)),
            "filters": json.dumps([list(one) for one in filters]),
            "order_by": order,
            "limit_start": "0",
            "limit_page_length": str(length),
        }
        found = self.call("GET", _resource(doctype), self._reader("data", list, doctype), params=params)
        return _documents(found)

    def list_children(
        self,
        doctype: str,
        parent: str,
        fields: Sequence[str],
        parents: Sequence[str],
        *,
        link: str = "parent",
    ) -> list[Document]:
        """Rows whose `link` is one of `parents`, all of them, by parent and position."""
        rows: list[Document] = []
        order = f"{link} asc, idx asc" if link == "parent" else f"{link} asc, name asc"
        while parents:
            body = {
                "doctype": doctype,
                "fields": list(fields),
                "filters": [[doctype, link, "in", list(parents)]],
                "order_by": order,
                "limit_start": len(rows),
                "limit_page_length": CHILD_PAGE,
                **({"parent": parent} if parent else {}),
            }
            page = _documents(self._ask("frappe.client.get_list", body, list, doctype))
            rows += page
            if len(page) < CHILD_PAGE:
                break
        return rows

    def run_report(self, name: str, filters: Mapping[str, Any]) -> dict[str, Any]:
        """A report's columns and result."""
        body = {"report_name": name, "filters": dict(filters), "ignore_prepared_report": 1}
        answer: dict[str, Any] = self._ask("frappe.desk.query_report.run", body, dict, name)
        return answer

    def create(self, doctype: str, document: Mapping[str, Any]) -> Document:
        """Make a document; a field `docstatus` of 1 submits it in the same transaction."""
        read = self._reader("data", dict, doctype)
        return dict(self.call("POST", _resource(doctype), read, body=dict(document)))

    def change(self, doctype: str, name: str, fields: Mapping[str, Any]) -> Document:
        """Change fields of a document; doing it again changes nothing more."""
        path = f"{_resource(doctype)}/{quote(name, safe='')}"
        return dict(self.call("PUT", path, self._reader("data", dict, doctype), body=dict(fields)))

    def cancel(self, doctype: str, name: str) -> None:
        """Cancel a submitted document."""
        self.call(
            "POST",
            "/api/method/frappe.client.cancel",
            self._reader("message", dict, f"{doctype} {name}"),
            body={"doctype": doctype, "name": name},
        )

    def _ask(self, method: str, body: Mapping[str, Any], shape: type, what: str) -> Any:
        """A method that only reads, called by POST because its arguments outgrow an address."""
        read: Callable[[Answer], Any] = self._reader("message", shape, what)
        return self.call("POST", f"/api/method/{method}", read, body=dict(body), only_asks=True)

    def _reader(self, part: str, shape: type[T], what: str) -> Callable[[Answer], T]:
        def read(answer: Answer) -> T:
            if not answer.is_success:
                raise failure(answer, what)
            found = answer.payload.get(part)
            if not isinstance(found, shape):
                raise unreadable(NAME)
            self.simulated = self.simulated or answer.simulated
            self.served_at = _instant(answer.headers.get("date", "")) or self.served_at
            return found

        return read


def client_of(access: Access) -> ErpnextClient:
    """The client of a feed. Settings: `address`, `key`, `timeout_seconds`; secret: `secret`."""
    return ErpnextClient(
        check_address(access, str(access.settings.get("address") or "")),
        str(access.settings.get("key") or ""),
        access.secrets.get("secret", ""),
        timeout=Timeouts(read_seconds=float(access.settings.get("timeout_seconds") or 60.0)),
        private_allowed=is_private_allowed(access),
    )


def _resource(doctype: str) -> str:
    return f"/api/resource/{quote(doctype, safe='')}"


def _documents(found: list[Any]) -> list[Document]:
    return [item for item in found if isinstance(item, dict)]


def _instant(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None
