"""JSON out, quickly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.renderers import BaseRenderer

_HOW = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class JsonRenderer(BaseRenderer):
    """UTF-8 JSON; instants in ISO 8601 UTC with `Z`."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        return _json(data)


class PdfRenderer(BaseRenderer):
    """PDF bytes as they are, where a view offers a paper."""

    media_type = "application/pdf"
    format = "pdf"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if isinstance(data, bytes):
            return data
        return _json(data)  # a problem, answered as problem+json


def _json(data: Any) -> bytes:
    """JSON of `data`; a whole number beyond 64 bits, which only a refusal repeats, as its digits."""
    try:
        return orjson.dumps(data, option=_HOW, default=str)
    except orjson.JSONEncodeError:
        return orjson.dumps(_narrow(data), option=_HOW, default=str)


def _narrow(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _narrow(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_narrow(value) for value in data]
    return str(data) if isinstance(data, int) and data.bit_length() > 63 else data


def pdf_file(body: bytes, name: str) -> HttpResponse:
    """A PDF under a file name that every system accepts."""
    safe = name.replace("/", "-")
    return HttpResponse(
        body,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{safe}.pdf"'},
    )


def attachment(body: bytes, name: str, kind: str = "application/octet-stream") -> HttpResponse:
    """A file to be kept, never shown, under a name that every system accepts; `kind`: its media type."""
    return HttpResponse(
        body,
        content_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{safe_name(name)}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def safe_name(name: str) -> str:
    """A file's name as every system accepts it."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name)
