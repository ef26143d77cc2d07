"""JSON in, one object or a line each; what cannot be read is refused as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.parsers import BaseParser

from vyapar.kernel.errors import Fault, Invalid


def _loads(text: bytes, row: int | None = None) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fault = Fault("not_json", str(error), row=row, value=text[:60].decode("utf-8", "replace"))
        raise Invalid("the body is not JSON", code="not_json", faults=[fault]) from error


class JsonParser(BaseParser):
    """`application/json`."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read()
        return _loads(body) if body.strip() else {}


class NdjsonParser(BaseParser):
    """`application/x-ndjson`: a JSON object a line; blank lines are passed over."""

    media_type = "application/x-ndjson"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        lines = stream.read().splitlines()
        return [_loads(line, row) for row, line in enumerate(lines, 1) if line.strip()]
