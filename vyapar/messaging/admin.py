"""The door in the admin: read only, secrets never shown."""

from typing import Any

from django.contrib import admin

from vyapar.engine.admin import ReadOnly
from vyapar.messaging import models


@admin.register(models.Message)
class MessageAdmin(ReadOnly):
    list_display = ("party", "channel", "status", "origin", "queued_at", "error_code", "simulated")
    list_filter = ("channel", "status")
    search_fields = ("party", "address", "origin")


@admin.register(models.Consent)
class ConsentAdmin(ReadOnly):
    list_display = ("party", "channel", "purpose", "granted", "at", "source")
    list_filter = ("channel", "granted")
    search_fields = ("party",)


@admin.register(models.Template)
class TemplateAdmin(ReadOnly):
    list_display = ("name", "channel", "language", "category", "status")


@admin.register(models.ChannelAccount)
class ChannelAccountAdmin(ReadOnly):
    list_display = ("channel", "sandbox", "active", "halted_at")
    exclude = ("secrets",)

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).defer("secrets")
