"""Transport to a REST interface that a feed's settings describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from inventory.feeds.addresses import check_address, is_private_allowed
from inventory.feeds.rest.recipe import Recipe, find
from inventory.feeds.system import Access
from vyapar.farside.answers import Answer, undocumented, unreadable
from vyapar.farside.credentials import credentials_of
from vyapar.farside.http import HttpFarSide, Timeouts
from vyapar.farside.resilience import RetryPolicy
from vyapar.kernel.errors import Rejected
from vyapar.kernel.phrases import phrase as _

NAME = "rest"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one answer, the whole answer, and the address that its Link header calls next."""

    rows: list[dict[str, Any]]
    document: Any
    link: str
    simulated: bool


class RestClient(HttpFarSide):
    """One REST interface with the credentials of one feed."""

    def get_page(self, recipe: Recipe, address: str, params: Mapping[str, str]) -> Page:
        """One answer. `address` is the recipe's path, or the whole address a page before named."""

        def read(answer: Answer) -> Page:
            if not answer.is_success:
                raise undocumented(NAME, answer, details=_said(answer))
            if answer.document is None and answer.body.strip():
                raise unreadable(NAME)
            rows = find(recipe.rows, answer.document)
            if rows is not None and not isinstance(rows, list):
                rows = [rows]
            link = answer.headers.get("link", "")
            kept = [row for row in rows or () if isinstance(row, dict)]
            return Page(kept, answer.document, _next_of(link), answer.simulated)

        body = recipe.body if recipe.method == "POST" else None
        return self.call(recipe.method, address, read, params=params or None, body=body, only_asks=True)

    def follow(self, address: str, target: str) -> str:
        """The address of another page; one that leads away from the feed's own host is refused."""
        whole = urljoin(urljoin(str(self._http.base_url), address), target)
        home, there = urlsplit(str(self._http.base_url)), urlsplit(whole)
        if (home.scheme, home.netloc) != (there.scheme, there.netloc):
            raise Rejected(
                _("the far side sends us to another host for its next page; our key does not go there"),
                code="rest_elsewhere",
            )
        return whole


def client_of(access: Access) -> RestClient:
    """The client of a feed. Settings: `address`, `auth` and what it needs, `timeout_seconds`."""
    settings = access.settings
    address = check_address(access, str(settings.get("address") or ""))
    if token_url := settings.get("token_url"):
        check_address(access, str(token_url))
    kind = str(settings.get("auth") or "none")
    return RestClient(
        NAME,
        address.rstrip("/") + "/",
        headers={"Accept": "application/json"},
        secrets=tuple(value for value in access.secrets.values() if len(value) > 3),
        timeouts=Timeouts(read_seconds=float(settings.get("timeout_seconds") or 30.0)),
        retry=RetryPolicy(),
        auth=credentials_of(NAME, kind, settings, access.secrets),
        brings_data=True,
        private_allowed=is_private_allowed(access),
    )


def _said(answer: Answer) -> str:
    for name in ("message", "detail", "error_description", "error", "title"):
        if isinstance(said := answer.payload.get(name), str):
            return said[:200]
    return ""


def _next_of(header: str) -> str:
    """The target of rel="next" in a Link header (RFC 8288); empty when there is none."""
    for part in header.split(","):
        target, *facts = part.split(";")
        names = [fact.strip().lower().replace('"', "").replace(" ", "") for fact in facts]
        if "rel=next" in names and target.strip().startswith("<"):
            return target.strip()[1:-1]
    return ""
