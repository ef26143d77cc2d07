"""What doors read of a request besides the page: bodies, texts, sequence numbers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _


def read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body in a serializer's shape; DRF's errors become 422 problems."""
    shape = serializer(data=request.data)
    shape.is_valid(raise_exception=True)
    return dict(shape.validated_data)


def read_text(request: Request, name: str) -> str:
    """`?name=` as it is, empty when absent; `Invalid` for what no text in the database can hold."""
    return check_text(name, request.query_params.get(name, ""))


def check_text(name: str, value: str) -> str:
    """A text of the query or the path, at most 200 characters and without NUL; `Invalid` otherwise."""
    if "\x00" in value or len(value) > 200:
        fault = Fault("bad_query", _("at most 200 printable characters"), name, value=value[:80])
        raise Invalid(_("%(name)s is not right", name=name), code="bad_query", faults=[fault])
    return value


def read_after(request: Request) -> int:
    """`?after=`, a sequence number."""
    text = request.query_params.get("after", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        fault = Fault("bad_query", _("a sequence number"), "after", value=text[:40])
        raise Invalid(_("after is not right"), code="bad_query", faults=[fault])
    return int(text)
