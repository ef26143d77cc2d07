"""Names that outside systems gave, as one segment of an address: a SKU may be called `CHIPS 5/-`. Pure."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import unquote


def segment_of(name: str, taken: Collection[str] = ()) -> str:
    """A name as a segment, before it is percent-encoded as all are; `name_of` reads it back.

    Servers and browsers decode and resolve a path before we see it, so that slashes, dots alone, what is
    `taken` by a page of ours and what reads like a code itself are written in codes of their own; all else
    stays as it is.
    """
    if name in taken or name in (".", ".."):
        return f"%{ord(name[0]):02X}{name[1:].replace('.', '%2E')}"
    if "/" in name or unquote(name) != name:
        return name.replace("%", "%25").replace("/", "%2F")
    return name


def name_of(segment: str) -> str:
    """The name behind a segment; `ValueError` for one that no name can have."""
    name = unquote(segment)
    if "\x00" in name:
        raise ValueError("a name holds no NUL")
    return name


class Name:
    """A converter of addresses, as Django's `path` takes it."""

    regex = "[^/]+"
    taken: Collection[str] = ()

    def to_python(self, value: str) -> str:
        return name_of(value)

    def to_url(self, value: str) -> str:
        return segment_of(value, self.taken)


class Sheet:
    """The form of a file, as a converter of addresses."""

    regex = "csv|xlsx"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
