"""Cache keys that cannot cross a wall: each carries the schema it was made in."""

from __future__ import annotations

from vyapar.tenancy.here import current_schema


def tenant_key(key: str, key_prefix: str, version: int) -> str:
    """`schema:prefix:version:key`."""
    return f"{current_schema()}:{key_prefix}:{version}:{key}"


def plain_key(key: str) -> str:
    """The caller's own part of a stored key."""
    return key.split(":", 3)[3]
