"""Versions of what people and machines edit: ETag, If-Match and If-None-Match (RFC 9110)."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from vyapar.gateway.views import WRITES, ApiView
from vyapar.kernel.errors import Refused, Stale
from vyapar.kernel.phrases import phrase as _

_TAG = re.compile(r'(W/)?"([^"]*)"')


class PreconditionFailed(Refused):
    """The thing has another version than the caller last saw."""

    status = 412


class PreconditionRequired(Refused):
    """This cannot be edited blindly."""

    status = 428


def read_tags(header: str) -> tuple[str, ...]:
    """Strong tags of an If-Match or If-None-Match; weak ones carry their `W/`, `*` stands for itself."""
    if header.strip() == "*":
        return ("*",)
    return tuple(f"{weak}{tag}" for weak, tag in _TAG.findall(header))


class WithETag(ApiView):
    """A door to something that has versions.

    `version_of(**address)` names the version as it stands, or None when there is none to name (then
    nothing is checked). GET answers with the ETag, and with 304 to an `If-None-Match` that has it. A
    write whose `If-Match` has another version gets 412; where `match_required` names the method, one
    without gets 428, unless `version_in_body` lets the body's `version` stand for it. The row's own
    check (`seen()`) catches what slips in between this one and the write; that is told as 412 too.
    """

    match_required: frozenset[str] = frozenset()
    version_in_body: bool = True
    _version: str | None = None

    def version_of(self, **address: Any) -> str | None:
        """The version as it stands. Raises as the door itself does when there is no such thing."""
        raise NotImplementedError

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in WRITES:
            self._check_match(request, kwargs)
        elif request.method in ("GET", "HEAD"):
            # named before the thing is read: at worst the tag is older than what is shown
            self._version = self.version_of(**kwargs)
            tags = read_tags(request.headers.get("If-None-Match", ""))
            if self._version is not None and _has(self._version, tags):
                raise _Unchanged

    def _check_match(self, request: Request, address: dict[str, Any]) -> None:
        header = request.headers.get("If-Match", "")
        if not header:
            in_body = self.version_in_body and _names_version(request)
            if request.method in self.match_required and not in_body:
                self.version_of(**address)  # what is not there is not found, whoever asks
                raise PreconditionRequired(
                    _("say which version you looked at: send its ETag in If-Match"), code="version_required"
                )
            return
        found, tags = self.version_of(**address), read_tags(header)
        if found is not None and tags != ("*",) and found not in tags:
            raise PreconditionFailed(
                _("this changed since you looked at it; get it again and look"), code="version_moved"
            )

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, _Unchanged):
            return Response(status=304)
        if isinstance(exc, Stale) and exc.code == "stale" and self.request.headers.get("If-Match"):
            exc = PreconditionFailed(exc.message, code="version_moved")
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self._version is not None and answer.status_code in (200, 304):
            answer["ETag"] = etag(self._version)
        return answer

    def seen(self, body_version: int | None = None) -> int | None:
        """The row version that the caller says it looked at, by If-Match or by the body's `version`."""
        for tag in read_tags(self.request.headers.get("If-Match", "")):
            head = tag.partition(".")[0]
            if head.isascii() and head.isdigit() and len(head) < 10:
                return int(head)
        return body_version


class _Unchanged(Exception):
    """Leaves early: the caller has this version."""


def etag(version: object) -> str:
    """A version as an ETag header's value."""
    return f'"{version}"'


def _has(version: str, tags: tuple[str, ...]) -> bool:
    return "*" in tags or version in {tag.removeprefix("W/") for tag in tags}


def _names_version(request: Request) -> bool:
    return isinstance(request.data, dict) and isinstance(request.data.get("version"), int)
