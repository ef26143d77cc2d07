"""JSON in, one object or a line each; what cannot be read is refused as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.parsers import BaseParser

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _


def _loads(text: bytes, row: int | None = None) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fault = Fault("not_json", str(error), row=row, value=text[:60].decode("utf-8", "replace"))
        raise Invalid(_("the body is not JSON"), code="not_json", faults=[fault]) from error


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))


class JsonParser(BaseParser):
    """`application/json`."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read()
        value = _loads(body) if body.strip() else {}
        if b"\\u0000" in body and _has_nul(value):
            fault = Fault("nul", _("leave out the character U+0000: no database keeps it"))
            raise Invalid(_("the body holds a NUL character"), code="nul", faults=[fault])
        return value


class NdjsonParser(BaseParser):
    """`application/x-ndjson`: a JSON object a line; blank lines are passed over."""

    media_type = "application/x-ndjson"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        lines = stream.read().splitlines()
        return [_loads(line, row) for row, line in enumerate(lines, 1) if line.strip()]
