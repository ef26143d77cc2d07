"""Reads of the public schema."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django_tenants.utils import get_public_schema_name

from vyapar.kernel.errors import Misconfigured, NotFound
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema, is_public
from vyapar.tenancy.models import Distributor, Domain


def get_distributor_by_schema(schema: str) -> Distributor:
    """The active distributor of a schema; `NotFound` when it is gone, switched off or not yet open."""
    found: Distributor | None = _active().filter(schema_name=schema).first()
    if found is None:
        raise NotFound(
            _("no active distributor has the schema %(schema)s", schema=f"{schema!r}"),
            code="no_such_distributor",
        )
    return found


def list_distributors() -> list[Distributor]:
    """All active distributors, without the public one, by name."""
    return list(_active().exclude(schema_name=get_public_schema_name()).order_by("slug"))


def find_distributor(slug: str) -> Distributor | None:
    """The distributor of a slug, also one that is switched off; None when there is none, or not yet."""
    found: Distributor | None = Distributor.objects.filter(slug=slug, opened_at__isnull=False).first()
    return found


def current_distributor() -> Distributor:
    """The distributor of this connection; `Misconfigured` outside of one."""
    if is_public():
        raise Misconfigured(_("this needs a distributor and there is none here"), code="no_tenant")
    tenant = cast(Any, connection).tenant
    return tenant if isinstance(tenant, Distributor) else get_distributor_by_schema(current_schema())


def address_of(path: str) -> str:
    """The whole address of one of the distributor's pages, for letters: `https://demo.example/alerts`."""
    host = primary_host(current_distributor())
    return f"https://{host}{path}" if settings.HTTPS else f"http://{host}:{settings.PORT}{path}"


def primary_host(distributor: Distributor) -> str:
    """The host name at which a distributor answers first."""
    found = Domain.objects.filter(tenant=distributor).order_by("-is_primary", "pk").first()
    if found is None:
        raise Misconfigured(_("%(slug)s has no host name", slug=distributor.slug), code="no_domain")
    return str(found.domain)


def _active() -> QuerySet[Distributor]:
    found: QuerySet[Distributor] = Distributor.objects.filter(active=True, opened_at__isnull=False)
    return found
