"""A REST interface with every way of paging and every kind of key, as settings may ask for it."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.inventory.farsides.http import FarSide, Reply, Request

KEY, TOKEN, USER, PASSWORD = "rest-key-11", "rest-token-22", "erp", "rest-password-33"
CLIENT, CLIENT_SECRET = "client-44", "client-secret-55"


class RestSide(FarSide):
    """Serves `rows` at /api/rows, `page` rows at a time; takes documents at /api/documents.

    `paging` and `auth` are as a feed's settings name them; `since` compares `updated_at`. Tokens of
    OAuth expire after `token_uses` requests.
    """

    def __init__(self, paging: str = "none", auth: str = "none") -> None:
        super().__init__()
        self.paging, self.auth = paging, auth
        self.rows: list[dict[str, Any]] = []
        self.page = 3
        self.token_uses = 2
        self.tokens: dict[str, int] = {}
        self.booked: dict[str, dict[str, Any]] = {}
        self.wrap = "data"

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return self._token(request)
        if not self._allowed(request):
            return Reply(401, {"message": f"bad credentials {request.headers.get('authorization', '')}"})
        if request.path == "/api/documents":
            return self._book(request)
        if request.path != "/api/rows":
            return Reply(404, {"message": "no such thing"})
        rows = [row for row in self.rows if row.get("updated_at", "") >= request.params.get("since", "")]
        return self._paged(request, rows)

    def _allowed(self, request: Request) -> bool:
        said = request.headers.get("authorization", "")
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        token = said.removeprefix("Bearer ")
        if self.auth == "oauth2":
            left = self.tokens.get(token, 0)
            self.tokens[token] = left - 1
            return left > 0
        return {
            "none": True,
            "key_header": request.headers.get("x-api-key") == KEY,
            "key_query": request.params.get("api_key") == KEY,
            "bearer": said == f"Bearer {TOKEN}",
            "basic": said == basic,
        }[self.auth]

    def _token(self, request: Request) -> Reply:
        form = dict(parse_qsl(request.body.decode()))
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != basic:
            return Reply(401, {"error": "invalid_client"})
        if form.get("grant_type") != "client_credentials":
            return Reply(400, {"error": "unsupported_grant_type"})
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = self.token_uses
        return Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def _paged(self, request: Request, rows: list[dict[str, Any]]) -> Reply:
        params, size = request.params, self.page
        start = int(params.get("at", 0))
        if self.paging == "page":
            start = (int(params.get("page", 1)) - 1) * size
        elif self.paging == "offset":
            start = int(params.get("page", 0))
        elif self.paging == "cursor":
            start = int(params.get("page", "c0").removeprefix("c"))
        size = len(rows) if self.paging == "none" else size
        some, end = rows[start : start + size], start + size
        body: dict[str, Any] = {self.wrap: some} if self.wrap else {}
        headers: dict[str, str] = {}
        if end < len(rows):
            query = urlencode({**{k: v for k, v in params.items() if k != "at"}, "at": end})
            body["next_cursor"], body["next"] = f"c{end}", f"/api/rows?{query}"
            headers["Link"] = f'<{self.url}/api/rows>; rel="first", <{self.url}/api/rows?{query}>; rel="next"'
        return Reply(200, body if self.wrap else some, headers)

    def _book(self, request: Request) -> Reply:
        key = request.headers.get("idempotency-key", "")
        document = json.loads(request.body)
        if not key:
            return Reply(400, {"reason": "no key"})
        if document["lines"] and document["lines"][0]["sku"] == "UNKNOWN":
            return Reply(422, {"reason": "no such SKU"})
        if document["number"] == "LATER":
            return Reply(200, {"status": "rejected", "reason": "the period is closed"})
        number = f"DOC-{len(self.booked) + 1}"
        kept = self.booked.setdefault(key, {"number": number, "document": document})
        return Reply(201, {"status": "booked", "number": kept["number"]})
