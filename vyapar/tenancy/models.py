"""Distributor (the tenant) and the domains it answers at; the only business tables in `public`."""

from __future__ import annotations

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Distributor(TenantMixin):
    """One distribution firm, with a schema of its own."""

    name = models.CharField(max_length=200)
    #: Public name of the tenant at the API (`distributorId`) and first label of its sub-domain.
    slug = models.SlugField(max_length=40, unique=True)
    #: Printed on everything the distributor makes while its far sides are simulators.
    sandbox = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    #: Since when its schema is whole. Null while it is being built: nobody visits it before.
    opened_at = models.DateTimeField(null=True, editable=False)

    auto_create_schema = False  # provisioning decides when and how
    auto_drop_schema = False

    def __str__(self) -> str:
        return self.name


class Domain(DomainMixin):
    """A host name that leads to a distributor."""
