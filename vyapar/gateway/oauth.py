"""OAuth 2.0 client credentials: a short-lived token for a key (ADR 7).

The protocol is oauthlib's; here stands what a client, a scope and a token are in this house.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET
from oauthlib.common import Request as OAuthRequest
from oauthlib.oauth2 import BackendApplicationServer, RequestValidator

from vyapar.gateway.addresses import client_address, is_within
from vyapar.gateway.calls import Noted
from vyapar.gateway.credentials import key_text, new_secret, token_text
from vyapar.gateway.limits import Bucket, read_rate, take
from vyapar.gateway.scopes import SCOPES, covers
from vyapar.gateway.selectors import find_secret
from vyapar.gateway.services import issue_token, mark_used
from vyapar.gateway.services.tokens import TOKEN_LIFE

#: Token requests of one address.
_RATE = "120/min"
#: A form with an id, a secret and scopes is far smaller.
_MOST_BYTES = 16_384
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class _Keys(RequestValidator):
    """Our keys as OAuth clients: the prefix is the client's id, the secret its secret."""

    def client_authentication_required(self, request: OAuthRequest, *args: Any, **kwargs: Any) -> bool:
        return True

    def authenticate_client(self, request: OAuthRequest, *args: Any, **kwargs: Any) -> bool:
        client_id, client_secret = _credentials(request)
        text = client_secret if client_secret.startswith("vs_") else key_text(client_id, client_secret)
        secret = find_secret(text, timezone.now())
        if secret is None or client_id.removeprefix("vs_") != secret.key.prefix:
            return False
        if secret.key.networks and not is_within(request.headers["X-Client-Address"], secret.key.networks):
            return False
        request.secret = secret
        request.client = _Client(secret.key.prefix)
        return True

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: OAuthRequest, *args: Any, **kwargs: Any
    ) -> bool:
        return grant_type == "client_credentials"

    def get_default_scopes(
        self, client_id: str, request: OAuthRequest, *args: Any, **kwargs: Any
    ) -> list[str]:
        return list(request.secret.key.scopes)

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Any, request: OAuthRequest, *args: Any, **kwargs: Any
    ) -> bool:
        held = request.secret.key.scopes
        return all(scope in SCOPES and covers(held, scope) for scope in scopes)

    def save_bearer_token(
        self, token: dict[str, Any], request: OAuthRequest, *args: Any, **kwargs: Any
    ) -> str:
        now = timezone.now()
        kept = issue_token(request.secret, text=token["access_token"], scopes=request.scopes, at=now)
        token["expires_in"] = int((kept.expires_at - now).total_seconds())
        mark_used(request.secret, now)
        return ""


class _Client:
    """What oauthlib asks of a client: its id."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id


def _credentials(request: OAuthRequest) -> tuple[str, str]:
    """Client id and secret by Basic authentication, otherwise by the body."""
    scheme, _, coded = str(request.headers.get("Authorization", "")).partition(" ")
    if scheme.lower() != "basic":
        return str(request.client_id or ""), str(request.client_secret or "")
    try:
        text = base64.b64decode(coded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    client_id, _, secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


_server = BackendApplicationServer(
    _Keys(),
    token_generator=lambda _request: token_text(new_secret()),
    token_expires_in=int(TOKEN_LIFE.total_seconds()),
)


@csrf_exempt
def token(request: HttpRequest) -> HttpResponse:
    """`POST /oauth/token`: RFC 6749, section 4.4."""
    if request.method != "POST":
        return _refuse(request, "invalid_request", "use POST", 405, {"Allow": "POST"})
    address = client_address(request)
    taken = take([Bucket("tokens", f"tokens:{address}", read_rate(_RATE))])
    if not taken.allowed:
        return _refuse(
            request,
            "temporarily_unavailable",
            "too many token requests",
            429,
            {"Retry-After": str(taken.wait)},
        )
    if request.content_type != "application/x-www-form-urlencoded":
        return _refuse(request, "invalid_request", "send a form (application/x-www-form-urlencoded)", 400)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > _MOST_BYTES:
        return _refuse(request, "invalid_request", "the form is too large", 400)
    body = request.body.decode("utf-8", "replace")
    told = {"Authorization": request.headers.get("Authorization", ""), "X-Client-Address": address}
    told["Content-Type"] = request.content_type
    try:
        headers, text, status = _server.create_token_response(
            request.build_absolute_uri(), "POST", body, told
        )
    except ValueError:  # a form that is not one
        return _refuse(request, "invalid_request", "the form cannot be read", 400)
    answer = HttpResponse(text, status=status, headers={**headers, **_NO_STORE})
    if status == 401 and "Authorization" in request.headers:
        answer["WWW-Authenticate"] = 'Basic realm="oauth"'
    if status >= 400:
        _note(request, text)
    return answer


@require_GET
def discovery(request: HttpRequest) -> JsonResponse:
    """`GET /.well-known/oauth-authorization-server`: RFC 8414."""
    issuer = request.build_absolute_uri("/").rstrip("/")
    return JsonResponse(
        {
            "issuer": issuer,
            "token_endpoint": issuer + reverse("gateway:token"),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "scopes_supported": list(SCOPES),
            "service_documentation": issuer + reverse("gateway:docs"),
        }
    )


def _refuse(
    request: HttpRequest, error: str, detail: str, status: int, headers: dict[str, str] | None = None
) -> JsonResponse:
    answer = JsonResponse(
        {"error": error, "error_description": detail}, status=status, headers={**_NO_STORE, **(headers or {})}
    )
    _note(request, answer.content.decode())
    return answer


def _note(request: HttpRequest, text: str) -> None:
    error = text.partition('"error": "')[2].partition('"')[0]
    request.noted = Noted(code=error)  # type: ignore[attr-defined]
