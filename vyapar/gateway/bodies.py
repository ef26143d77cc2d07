"""Bodies of calls: large ones go to a file while they are hashed, none is read twice."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, cast

from django.http import HttpRequest
from django.http.request import UnreadablePostError
from rest_framework.request import Request

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

#: Up to here a spooled body stays in memory: a batch of 20,000 sales in JSON has 4 MiB.
IN_MEMORY = 8 << 20
_CHUNK = 1 << 18


class TooLarge(Invalid):
    """More than one call may carry."""

    status = 413


@dataclass(frozen=True, slots=True)
class Spooled:
    """A body in a file that goes when it is closed: as it came, still compressed if it was.

    `digest` is the SHA-256 of its bytes. The file stands at its beginning when it is handed over;
    whoever reads it winds it back.
    """

    file: IO[bytes]
    size: int
    digest: str


def spool(request: Request | HttpRequest, *, most_bytes: int) -> Spooled:
    """The body of a request in a file; asked again, the same file from its beginning.

    Raises `TooLarge` (413) as soon as more than `most_bytes` came, whatever the headers claim, and
    `Invalid` when the caller broke off.
    """
    plain = _plain(request)
    known: Spooled | None = getattr(plain, "spooled", None)
    if known is not None:
        known.file.seek(0)
        return known
    declared = str(plain.META.get("CONTENT_LENGTH") or "0")
    if declared.isdigit() and int(declared) > most_bytes:
        raise _too_large(most_bytes)
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - lives as long as the request
    size, seal = 0, hashlib.sha256()
    read = _reader(plain)
    try:
        while chunk := read(_CHUNK):
            size += len(chunk)
            if size > most_bytes:
                raise _too_large(most_bytes)
            seal.update(chunk)
            file.write(chunk)
    except UnreadablePostError as error:
        file.close()
        raise Invalid(_("the body broke off"), code="body_broke_off") from error
    except TooLarge:
        file.close()
        raise
    file.seek(0)
    found = Spooled(cast(IO[bytes], file), size, seal.hexdigest())
    plain.spooled = found
    return found


def fingerprint(request: Request | HttpRequest) -> str:
    """A digest of what a call asks for: method, address with query, content type and coding, body.

    A body that was spooled is not read again; another one is read into memory.
    """
    plain = _plain(request)
    head = (
        plain.method or "",
        plain.get_full_path(),
        plain.META.get("CONTENT_TYPE", ""),
        plain.META.get("HTTP_CONTENT_ENCODING", ""),
    )
    known: Spooled | None = getattr(plain, "spooled", None)
    body = known.digest if known is not None else hashlib.sha256(plain.body).hexdigest()
    return hashlib.sha256("\n".join((*head, body)).encode()).hexdigest()


def _plain(request: Request | HttpRequest) -> Any:
    return getattr(request, "_request", request)


def _reader(plain: Any) -> Callable[[int], bytes]:
    """Django reads as far as Content-Length says; a body in chunks has none, and its server ends it."""
    chunked = "chunked" in str(plain.META.get("HTTP_TRANSFER_ENCODING") or "").lower()
    read: Callable[[int], bytes] = plain.META["wsgi.input"].read if chunked else plain.read
    return read


def _too_large(most_bytes: int) -> TooLarge:
    message = _("at most %(most)s bytes; split it, the order does not matter", most=f"{most_bytes:,}")
    fault = Fault("too_large", message)
    return TooLarge(_("the body is too large for one call"), code="too_large", faults=[fault])
