"""Reads of the public schema."""

from __future__ import annotations

from django.db import connection
from django_tenants.utils import get_public_schema_name

from vyapar.kernel.errors import Misconfigured, NotFound
from vyapar.tenancy.models import Distributor


def get_distributor_by_schema(schema: str) -> Distributor:
    """The active distributor of a schema; `NotFound` when it is gone or switched off."""
    found = Distributor.objects.filter(schema_name=schema, active=True).first()
    if found is None:
        raise NotFound(f"no active distributor has the schema {schema!r}", code="no_such_distributor")
    return found


def list_distributors() -> list[Distributor]:
    """All active distributors, without the public one, by name."""
    others = Distributor.objects.filter(active=True).exclude(schema_name=get_public_schema_name())
    return list(others.order_by("slug"))


def current_distributor() -> Distributor:
    """The distributor of this connection; `Misconfigured` outside of one."""
    tenant = connection.tenant
    if isinstance(tenant, Distributor) and tenant.schema_name != get_public_schema_name():
        return tenant
    if connection.schema_name == get_public_schema_name():
        raise Misconfigured("this needs a distributor and there is none here", code="no_tenant")
    return get_distributor_by_schema(connection.schema_name)
