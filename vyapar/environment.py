"""Reads settings from the environment; a bad value fails at start with its name and what is wrong."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """The variable, or `default`."""
    return os.environ.get(name, default)


def flag(name: str, *, default: bool = False) -> bool:
    """A yes or no."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r}: write 1 or 0")


def whole(name: str, default: int, *, least: int = 0) -> int:
    """A whole number not below `least`."""
    value = os.environ.get(name)
    if value is None:
        return default
    if not value.isdigit() or int(value) < least:
        raise ImproperlyConfigured(f"{name}={value!r}: write a whole number, {least} or more")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


#: When the server asks whether the other side of a quiet connection is there, how often, and for how long.
_KEEPALIVES = ("idle=60", "interval=10", "count=6")


def database(name: str) -> dict[str, object]:
    """`postgresql://user:password@host:port/name` as Django's dictionary."""
    url = urlsplit(text(name, "postgresql://postgres@127.0.0.1:5432/postgres"))
    if url.scheme not in {"postgres", "postgresql"} or not url.path.strip("/"):
        raise ImproperlyConfigured(f"{name}: write postgresql://user:password@host:port/database")
    return {
        "ENGINE": "django_tenants.postgresql_backend",
        "NAME": url.path.strip("/"),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": url.port or 5432,
        # a machine that vanishes takes its sessions, and the locks they hold, along within two minutes
        "OPTIONS": {"options": " ".join(f"-c tcp_keepalives_{name}" for name in _KEEPALIVES)},
    }
