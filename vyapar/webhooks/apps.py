"""Nameplate of the outgoing webhooks."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "vyapar.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        from vyapar.webhooks import handlers

        handlers.register()
