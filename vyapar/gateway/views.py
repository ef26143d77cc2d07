"""The base of every API view: idempotency, rate headers, cursors."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vyapar.gateway.models import StoredReply
from vyapar.gateway.services import begin_reply, keep_reply
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid
from vyapar.people.contracts import May

#: Rows on a page unless the caller asks otherwise, and the most that it may ask for.
PAGE, MOST = 100, 1000


class ApiView(APIView):
    """One door of the API.

    `needs` says which permission it asks for (or one per method). A POST, PUT, PATCH or DELETE with an
    `Idempotency-Key` is carried out once; repetitions get the first reply with
    `Idempotent-Replayed: true`.
    """

    needs: May | dict[str, May] = May.READ
    _reply: StoredReply | None = None

    @property
    def actor(self) -> Actor:
        caller: Any = self.request.user
        actor: Actor = caller.actor
        return actor

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = request.headers.get("Idempotency-Key", "")
        if key and request.method in {"POST", "PUT", "PATCH", "DELETE"}:
            self._reply = self._open_reply(request, key)
            if self._reply.status is not None:
                raise _Replay(self._reply)

    def _open_reply(self, request: Request, key: str) -> StoredReply:
        if len(key) > 120 or not key.isprintable():
            raise Invalid("an Idempotency-Key has 1 to 120 printable characters", code="bad_key")
        seal = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
        seal.update(request.body)
        return begin_reply(caller=self.actor.ref, key=key, digest=seal.hexdigest(), at=timezone.now())

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, _Replay):
            kept = exc.reply
            return _Kept(bytes(kept.body), kept.status or 200, kept.content_type)
        try:
            return super().handle_exception(exc)
        except Exception:
            if self._reply is not None and self._reply.status is None:
                self._reply.delete()
            raise

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        limit = getattr(getattr(request, "_request", request), "rate_limit", None)
        if limit:
            answer["RateLimit-Limit"], answer["RateLimit-Remaining"] = str(limit[0]), str(limit[1])
            answer["RateLimit-Reset"] = str(limit[2])
        if self._reply is not None and self._reply.status is None:
            answer.add_post_render_callback(self._keeper(self._reply))
        return answer

    @staticmethod
    def _keeper(reply: StoredReply) -> Callable[[HttpResponse], None]:
        def keep(done: HttpResponse) -> None:
            keep_reply(
                reply, status=done.status_code, content_type=done["Content-Type"], body=bytes(done.content)
            )

        return keep


class _Replay(Exception):
    """Leaves `initial` early with a reply that was given before."""

    def __init__(self, reply: StoredReply) -> None:
        super().__init__("replay")
        self.reply = reply


class _Kept(Response):
    """A stored reply, byte for byte."""

    def __init__(self, body: bytes, status: int, content_type: str) -> None:
        super().__init__(None, status=status, headers={"Idempotent-Replayed": "true"})
        self._body, self._type = body, content_type

    @property
    def rendered_content(self) -> bytes:  # type: ignore[override]  # DRF renders bytes too
        self["Content-Type"] = self._type
        return self._body


# --- cursors -------------------------------------------------------------------------------


def read_limit(request: Request) -> int:
    """`?limit=`, 1 to 1000."""
    text = request.query_params.get("limit", str(PAGE))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST:
        raise _bad("limit", f"a whole number from 1 to {MOST}", text)
    return int(text)


def read_instant(request: Request, name: str) -> datetime | None:
    """`?name=` as an aware instant in ISO 8601, or None when absent."""
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        value = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        value = None
    if value is None or value.tzinfo is None or not 1970 <= value.year <= 9000:
        raise _bad(name, "an instant with its offset, e.g. 2026-11-23T06:30:00Z", text)
    return value


def read_cursor(request: Request) -> list[Any] | None:
    """`?cursor=` as handed out by `next_cursor`, or None at the start."""
    text = request.query_params.get("cursor")
    if not text:
        return None
    try:
        value = orjson.loads(base64.urlsafe_b64decode(text.encode()))
    except ValueError:
        value = None
    if not isinstance(value, list):
        raise _bad("cursor", "a cursor from an earlier answer", text)
    return value


def next_cursor(values: Sequence[Any]) -> str:
    """An opaque cursor over the sort values of the last row."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values), default=str)).decode()


def _bad(field: str, message: str, value: str) -> Invalid:
    return Invalid(
        f"{field} is not right",
        code="bad_query",
        faults=[Fault("bad_query", message, field, value=value[:80])],
    )
