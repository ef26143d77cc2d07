"""The spine in the admin: read, searched, never written."""

from typing import Any

from django.contrib import admin

from vyapar.engine import models


class ReadOnly(admin.ModelAdmin[Any]):
    """Nothing here is added, changed or deleted by hand."""

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(models.Action)
class ActionAdmin(ReadOnly):
    list_display = ("number", "kind", "status", "title", "agent", "proposed_at")
    list_filter = ("kind", "status", "agent")
    search_fields = ("title", "subject")


@admin.register(models.Event)
class EventAdmin(ReadOnly):
    list_display = ("id", "name", "subject", "actor_ref", "at")
    list_filter = ("name",)
    search_fields = ("subject",)


@admin.register(models.Cycle)
class CycleAdmin(ReadOnly):
    list_display = ("agent", "as_of", "state", "duration_ms", "attempts")
    list_filter = ("agent", "state")


@admin.register(models.AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ("seq", "at", "actor_name", "verb", "subject")
    search_fields = ("subject", "verb", "actor_name")


@admin.register(models.Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("id", "subscriber", "state", "attempts", "last_error")
    list_filter = ("state", "subscriber")
