"""Ways to show who we are to a far side over HTTP, chosen by its settings."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping
from typing import Any

import httpx

from vyapar.kernel.errors import Misconfigured, NotNow, Unavailable
from vyapar.kernel.phrases import phrase as _

#: A token is given up this long before it expires, so that it does not die under way.
_EARLY_SECONDS = 30.0


class HeaderKey(httpx.Auth):
    """A key in a header, as `name: [scheme ]key`."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers[self._name] = self._value
        yield request


class QueryKey(httpx.Auth):
    """A key in the address; it is added last, so that no log of ours sees it."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.url = request.url.copy_merge_params({self._name: self._value})
        yield request


class ClientCredentials(httpx.Auth):
    """OAuth 2.0 client credentials (RFC 6749, 4.4): a token is fetched, kept until it is about to
    expire, and fetched anew once when the far side does not take it any more.

    Raises `Misconfigured` when the token's address declines us, `Unavailable` when it is ill.
    """

    def __init__(
        self, name: str, token_url: str, client_id: str, client_secret: str, *, scope: str = ""
    ) -> None:
        self._name, self._token_url = name, token_url
        self._basic = httpx.BasicAuth(client_id, client_secret)
        self._form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        self._lock = threading.Lock()
        self._token, self._good_until = "", 0.0

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        with self._lock:
            token = self._token if time.monotonic() < self._good_until else ""
        if not token:
            token = yield from self._fetch()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {(yield from self._fetch())}"
            yield request

    def _fetch(self) -> Generator[httpx.Request, httpx.Response, str]:
        form = httpx.Request("POST", self._token_url, data=self._form, headers={"Accept": "application/json"})
        response = yield next(self._basic.auth_flow(form))
        token, seconds = self._read(response)
        with self._lock:
            self._token = token
            self._good_until = time.monotonic() + max(0.0, seconds - _EARLY_SECONDS)
        return token

    def _read(self, response: httpx.Response) -> tuple[str, float]:
        response.read()
        status, code = response.status_code, f"{self._name}_token"
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise NotNow(_("%(name)s asks for fewer tokens", name=self._name), code=code, retry_after=1)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable(
                _("%(name)s gives no token now (HTTP %(status)s)", name=self._name, status=status), code=code
            )
        try:
            answer: Any = response.json()
        except ValueError:
            answer = None
        if status != httpx.codes.OK or not isinstance(answer, dict) or not answer.get("access_token"):
            reason = str(answer.get("error", ""))[:60] if isinstance(answer, dict) else ""
            told = f": {reason}" if reason.isidentifier() else ""
            raise Misconfigured(
                _(
                    "%(name)s gives no token (HTTP %(status)s%(told)s): check client id and secret",
                    name=self._name,
                    status=status,
                    told=told,
                ),
                code=code,
            )
        return str(answer["access_token"]), _seconds(answer.get("expires_in"))


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 300.0


def credentials_of(
    name: str, kind: str, settings: Mapping[str, Any], secrets: Mapping[str, str]
) -> httpx.Auth | None:
    """The way that `kind` names: none, key_header, key_query, bearer, basic, oauth2.

    Settings: `auth_name` (of the header or parameter), `user`, `token_url`, `client_id`, `scope`.
    Secrets: `key`, `token`, `password`, `client_secret`. Raises `Misconfigured` for what is missing.
    """

    def need(place: Mapping[str, Any], field: str) -> str:
        value = str(place.get(field) or "")
        if not value or not value.isascii() or not value.isprintable():
            raise Misconfigured(
                _("%(name)s: %(field)s is missing or not plain text", name=name, field=field),
                code="credentials_missing",
            )
        return value

    if kind in ("", "none"):
        return None
    if kind == "key_header":
        return HeaderKey(str(settings.get("auth_name") or "X-Api-Key"), need(secrets, "key"))
    if kind == "key_query":
        return QueryKey(str(settings.get("auth_name") or "api_key"), need(secrets, "key"))
    if kind == "bearer":
        return HeaderKey("Authorization", f"Bearer {need(secrets, 'token')}")
    if kind == "basic":
        return httpx.BasicAuth(need(settings, "user"), secrets.get("password", ""))
    if kind == "oauth2":
        return ClientCredentials(
            name,
            need(settings, "token_url"),
            need(settings, "client_id"),
            need(secrets, "client_secret"),
            scope=str(settings.get("scope") or ""),
        )
    raise Misconfigured(
        _("%(name)s: there is no auth kind %(kind)s", name=name, kind=f"{kind!r}"), code="credentials_kind"
    )
