"""Opening a distributor: its schema, its domain, ready in seconds."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from io import StringIO

from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_tenants.utils import get_public_schema_name, schema_context

from vyapar.kernel.errors import Fault, Invalid, Refused
from vyapar.kernel.phrases import phrase as gettext
from vyapar.tenancy.models import Distributor, Domain

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,38}")
#: After so long an opening that has not ended was killed; it takes some ten seconds.
GIVEN_UP = timedelta(minutes=10)
_RESERVED = {"public", "www", "api", "admin", "static", "information-schema"}


def schema_for(slug: str) -> str:
    """The schema of a slug: `t_` keeps it apart from Postgres' own names."""
    return "t_" + slug.replace("-", "_")


def open_distributor(*, slug: str, name: str, domain: str, sandbox: bool = True) -> Distributor:
    """Create the distributor, its schema with all tables, and its domain; `Refused` when a name is taken.

    Its row claims the slug first, its host name and `opened_at` come last: while the schema is being built
    no request, no relay and no task comes near. When migrating fails schema and rows are removed; what a
    killed opening left is removed by the next one of the same slug, once `GIVEN_UP` has passed.
    """
    _check_slug(slug)
    schema = schema_for(slug)
    with schema_context(get_public_schema_name()):
        _check_free(slug, domain, timezone.now())
        distributor = Distributor(schema_name=schema, slug=slug, name=name, sandbox=sandbox)
        try:
            with transaction.atomic():
                distributor.save()
        except (IntegrityError, ValidationError):  # between our look and our claim another came first
            raise _being_opened(slug) from None
        try:
            _build_schema(schema)
            with transaction.atomic():
                _lead_here(distributor, domain)
                distributor.opened_at = timezone.now()
                distributor.save(update_fields=["opened_at"])
        except BaseException:
            close_distributor(distributor)
            raise
    return distributor


def close_distributor(distributor: Distributor) -> None:
    """Drop the schema with everything in it, and the rows that lead to it: all of it, or nothing."""
    with schema_context(get_public_schema_name()), transaction.atomic():
        with connection.cursor() as cursor:
            quoted = connection.ops.quote_name(distributor.schema_name)
            cursor.execute(f"DROP SCHEMA IF EXISTS {quoted} CASCADE")
        Domain.objects.filter(tenant=distributor).delete()
        Distributor.objects.filter(pk=distributor.pk).delete()


def ensure_public() -> None:
    """The public tenant and its host names, so that health and staff pages have a home."""
    schema = get_public_schema_name()
    with schema_context(schema):
        public, _ = Distributor.objects.get_or_create(
            schema_name=schema,
            defaults={"name": "Platform", "slug": "public", "opened_at": timezone.now()},
        )
        for index, host in enumerate(("localhost", "127.0.0.1")):
            Domain.objects.get_or_create(domain=host, defaults={"tenant": public, "is_primary": index == 0})


def _build_schema(schema: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {connection.ops.quote_name(schema)}")
    with redirect_stdout(StringIO()):
        call_command("migrate_schemas", tenant=True, schema_name=schema, interactive=False, verbosity=0)


def _lead_here(distributor: Distributor, domain: str) -> None:
    try:
        with transaction.atomic():
            Domain.objects.create(domain=domain, tenant=distributor, is_primary=True)
    except IntegrityError:
        raise _domain_taken(domain) from None


def _being_opened(slug: str) -> Refused:
    return Refused(
        gettext(
            "%(slug)s is being opened just now; if that was broken off, try again in %(minutes)s minutes",
            slug=f"{slug!r}",
            minutes=GIVEN_UP.seconds // 60,
        ),
        code="being_opened",
    )


def _domain_taken(domain: str) -> Refused:
    return Refused(
        gettext("the host name %(domain)s leads to a distributor already", domain=f"{domain!r}"),
        code="domain_taken",
    )


def _check_slug(slug: str) -> None:
    if not _SLUG.fullmatch(slug) or slug in _RESERVED:
        fault = Fault(
            "slug", gettext("2 to 39 letters, digits or -, starting with a letter"), "slug", value=slug
        )
        raise Invalid(
            gettext("%(slug)s cannot be the name of a distributor", slug=f"{slug!r}"),
            code="slug",
            faults=[fault],
        )


def _check_free(slug: str, domain: str, now: datetime) -> None:
    """That nobody has the slug or the host name; what a killed opening left of them is removed."""
    there = Distributor.objects.filter(slug=slug).first()
    if there is not None and there.opened_at is not None:
        raise Refused(
            gettext("a distributor named %(slug)s exists already", slug=f"{slug!r}"), code="slug_taken"
        )
    if there is not None and there.created_at > now - GIVEN_UP:
        raise _being_opened(slug)
    if Domain.objects.filter(domain=domain).exists():
        raise _domain_taken(domain)
    if there is not None:
        close_distributor(there)
