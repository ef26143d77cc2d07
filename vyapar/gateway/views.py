"""The base of every API view: idempotency, rate headers, cursors."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from django.utils.http import http_date
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vyapar.gateway.bodies import fingerprint, spool
from vyapar.gateway.calls import note_answer
from vyapar.gateway.models import StoredReply
from vyapar.gateway.services import begin_reply, drop_reply, keep_reply
from vyapar.gateway.throttles import rate_headers
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as gettext
from vyapar.people.contracts import May
from vyapar.tenancy.holding import Hold, holding

Row = TypeVar("Row", bound=Model)

#: Rows on a page unless the caller asks otherwise, and the most that it may ask for.
PAGE, MOST = 100, 1000
#: Methods that change something.
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: The largest number that a column of them holds.
LARGEST_NUMBER = 2**63 - 1
#: What a repeated reply has besides its body.
_KEPT_HEADERS = ("Location", "ETag", "Retry-After", "Content-Disposition")


class ApiView(APIView):
    """One door of the API.

    `needs` says which permission it asks for (or one per method), `part` for which part of it a key is
    enough (`sales` of `feed`). A POST, PUT, PATCH or DELETE with an `Idempotency-Key` is carried out
    once; repetitions get the first reply with `Idempotent-Replayed: true`. What it writes and that reply are
    committed together, so that a server which dies leaves both or neither; a door that must not have one
    transaction around it (it calls far sides, or hands work out itself) is not `whole`, and repeating what
    it does must do no harm. A door with `most_bytes`
    takes bodies too large for memory: they are spooled to a file (`spool(request)`) while they are
    hashed, and `request.data` is not to be touched. A door that will go says since when and until when
    in `deprecated`; its answers carry both (RFC 9745, RFC 8594).
    """

    needs: May | dict[str, May] = May.READ
    part: str = ""
    most_bytes: int = 0
    whole: bool = True
    deprecated: tuple[datetime, datetime] | None = None
    _reply: StoredReply | None = None
    _hold: Hold

    @property
    def actor(self) -> Actor:
        caller: Any = self.request.user
        actor: Actor = caller.actor
        return actor

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with holding("reply") as self._hold:
            answer = super().dispatch(request, *args, **kwargs)
            if self._reply is not None and isinstance(answer, SimpleTemplateResponse):
                answer.render()  # and is kept, while nobody else may take the key
            return answer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in WRITES:
            return
        if self.most_bytes:
            spool(request, most_bytes=self.most_bytes)
        else:
            _ = request._request.body  # read by Django, which minds its size; DRF would not
        key = request.headers.get("Idempotency-Key", "")
        if key:
            self._reply = self._open_reply(request, key)
            if self._reply.status is not None:
                raise _Replay(self._reply)
            if self.whole:
                name = request.method.lower()
                setattr(self, name, self._in_one(getattr(self, name, self.http_method_not_allowed)))

    def _in_one(self, carry_out: Callable[..., Any]) -> Callable[..., Any]:
        """The door's own method with its reply, in one transaction."""

        def method(request: Request, *args: Any, **kwargs: Any) -> Any:
            with transaction.atomic():
                answer = self.finalize_response(request, carry_out(request, *args, **kwargs), *args, **kwargs)
                if isinstance(answer, SimpleTemplateResponse):
                    answer.render()
            self._reply = None
            return answer

        return method

    def _open_reply(self, request: Request, key: str) -> StoredReply:
        if len(key) > 120 or not key.isprintable():
            raise Invalid(gettext("an Idempotency-Key has 1 to 120 printable characters"), code="bad_key")
        return begin_reply(
            caller=self.actor.ref, key=key, digest=fingerprint(request), at=timezone.now(), hold=self._hold
        )

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, _Replay):
            return _Kept(exc.reply)
        try:
            return super().handle_exception(exc)
        except Exception:
            if self._reply is not None and self._reply.status is None:
                drop_reply(self._reply)
            raise

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        plain = getattr(request, "_request", request)
        for name, value in {**rate_headers(plain), **self._going()}.items():
            answer[name] = value
        note_answer(plain, getattr(request, "_user", None), answer)  # asking for `user` may refuse anew
        if self._reply is None or self._reply.status is not None:
            return answer
        if isinstance(answer, SimpleTemplateResponse):
            answer.add_post_render_callback(self._keeper(self._reply))
            return answer
        if getattr(answer, "streaming", False):  # a reply that is to be given again is kept whole
            whole = b"".join(answer.streaming_content)
            answer = HttpResponse(whole, status=answer.status_code, headers=answer.headers)
        self._keeper(self._reply)(answer)
        return answer

    def _going(self) -> dict[str, str]:
        if self.deprecated is None:
            return {}
        since, until = self.deprecated
        return {"Deprecation": f"@{int(since.timestamp())}", "Sunset": http_date(until.timestamp())}

    @staticmethod
    def _keeper(reply: StoredReply) -> Callable[[HttpResponse], None]:
        def keep(done: HttpResponse) -> None:
            keep_reply(
                reply,
                status=done.status_code,
                content_type=done.headers.get("Content-Type", ""),
                body=bytes(done.content),
                headers={name: done[name] for name in _KEPT_HEADERS if name in done},
            )

        return keep


class _Replay(Exception):
    """Leaves `initial` early with a reply that was given before."""

    def __init__(self, reply: StoredReply) -> None:
        super().__init__("replay")
        self.reply = reply


class _Kept(Response):
    """A stored reply, byte for byte."""

    def __init__(self, reply: StoredReply) -> None:
        super().__init__(
            None, status=reply.status or 200, headers={**reply.headers, "Idempotent-Replayed": "true"}
        )
        self._body, self._type = bytes(reply.body), reply.content_type

    @property
    def rendered_content(self) -> bytes:  # type: ignore[override]  # DRF renders bytes too
        if self._type:
            self["Content-Type"] = self._type
        else:
            self.headers.pop("Content-Type", None)
        return self._body


# --- cursors -------------------------------------------------------------------------------


def read_limit(request: Request) -> int:
    """`?limit=`, 1 to 1000."""
    text = request.query_params.get("limit", str(PAGE))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST:
        raise bad_query("limit", gettext("a whole number from 1 to %(most)s", most=MOST), text)
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
        raise bad_query(name, gettext("an instant with its offset, e.g. 2026-11-23T06:30:00Z"), text)
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
        raise bad_query("cursor", gettext("a cursor from an earlier answer"), text)
    return value


def next_cursor(values: Sequence[Any]) -> str:
    """An opaque cursor over the sort values of the last row."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values), default=str)).decode()


def read_number_cursor(request: Request) -> int | None:
    """`?cursor=` over one whole number, as `number_page` hands it out; None at the start."""
    cursor = read_cursor(request)
    if not cursor:
        return None
    if len(cursor) != 1 or type(cursor[0]) is not int or not 0 <= cursor[0] <= LARGEST_NUMBER:
        raise bad_query("cursor", gettext("a cursor from an earlier answer"), str(cursor))
    return cursor[0]


def number_page(
    request: Request, rows: QuerySet[Row], show: Callable[[Row], Any], *, by: str = "pk", down: bool = False
) -> Response:
    """One page of rows in order of a column of whole numbers, and the cursor to go on with.

    `show` gives the outside form of a row; `down`: the largest number first.
    """
    after, limit = read_number_cursor(request), read_limit(request)
    if after is not None:
        rows = rows.filter(**{f"{by}__{'lt' if down else 'gt'}": after})
    page = list(rows.order_by(f"-{by}" if down else by)[: limit + 1])
    shown = page[:limit]
    more = len(page) > limit
    return Response(
        {
            "results": [show(row) for row in shown],
            "nextCursor": next_cursor([getattr(shown[-1], by)]) if more else None,
        }
    )


def bad_query(field: str, message: str, value: str) -> Invalid:
    """The refusal of one parameter of the query."""
    return Invalid(
        gettext("%(field)s is not right", field=field),
        code="bad_query",
        faults=[Fault("bad_query", message, field, value=value[:80])],
    )
