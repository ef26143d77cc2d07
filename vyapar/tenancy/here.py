"""Which schema this connection stands in."""

from __future__ import annotations

from typing import Any, cast

from django.db import connection
from django_tenants.utils import get_public_schema_name


def current_schema() -> str:
    """The schema of the connection, `public` outside of any distributor."""
    return str(cast(Any, connection).schema_name)


def is_public() -> bool:
    """Whether the connection stands outside of any distributor."""
    return current_schema() == str(get_public_schema_name())
