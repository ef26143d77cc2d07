"""Distributors as the platform's staff see them; only on the public host."""

from typing import Any

from django.contrib import admin

from vyapar.tenancy.models import Distributor, Domain


@admin.register(Distributor)
class DistributorAdmin(admin.ModelAdmin[Any]):
    list_display = ("slug", "name", "schema_name", "sandbox", "active", "created_at")
    search_fields = ("slug", "name")
    readonly_fields = ("schema_name", "slug", "created_at")


@admin.register(Domain)
class DomainAdmin(admin.ModelAdmin[Any]):
    list_display = ("domain", "tenant", "is_primary")
    search_fields = ("domain",)
