"""Frozen papers and reports as plain JSON, and back: what is stored is what is printed. Pure."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from compliance.contracts import Document
from vyapar.kernel.digest import plain, sha256_of
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

Frozen = TypeVar("Frozen")


def freeze(document: Document) -> dict[str, Any]:
    """A paper as JSON types, to be stored when it is issued."""
    return cast(dict[str, Any], plain(document))


def thaw(data: Mapping[str, Any]) -> Document:
    """The paper that `freeze` stored; `Invalid` names the first field that does not fit."""
    return read(Document, data)


def seal_of(document: Document) -> str:
    """Hex SHA-256 over the canonical form: the same for the same paper, stored or not."""
    return sha256_of(freeze(document))


def read(kind: type[Frozen], data: Any, *, field: str = "") -> Frozen:
    """A value of a dataclass, enum, day, instant, tuple or mapping type from its plain form."""
    try:
        return cast(Frozen, _read(kind, data))
    except (KeyError, TypeError, ValueError) as error:
        message = _(
            "this is not a stored %(kind)s: %(error)s",
            kind=str(getattr(kind, "__name__", kind)),
            error=str(error),
        )
        raise Invalid(message, code="not_stored", faults=[Fault("not_stored", message, field)]) from error


def _read(kind: Any, data: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if data is None else _read(_some(kind), data)
    if origin is tuple:
        return _tuple(get_args(kind), data)
    if origin is not None and issubclass(origin, Mapping):
        key, value = get_args(kind)
        return {_read(key, k): _read(value, v) for k, v in data.items()}
    if origin is not None and issubclass(origin, Sequence):
        return tuple(_read(get_args(kind)[0], item) for item in data)
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        names = {f.name for f in dataclasses.fields(kind)} & set(data)
        return kind(**{name: _read(hints[name], data[name]) for name in names})  # type: ignore[operator]
    return _scalar(kind, data)


def _scalar(kind: Any, data: Any) -> Any:
    if issubclass(kind, Enum):
        return kind(data)
    if kind in (datetime, date):
        return kind.fromisoformat(data)
    if not isinstance(data, kind):
        raise TypeError(f"{data!r} is not of type {kind.__name__}")
    return data


def _tuple(kinds: tuple[Any, ...], data: Sequence[Any]) -> tuple[Any, ...]:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], item) for item in data)
    return tuple(_read(kind, item) for kind, item in zip(kinds, data, strict=True))


def _some(kind: Any) -> Any:
    return next(option for option in get_args(kind) if option is not type(None))
