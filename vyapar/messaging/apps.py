"""Nameplate of the messaging door."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "vyapar.messaging"
    label = "messaging"
    verbose_name = "Messaging"

    def ready(self) -> None:
        from vyapar.messaging import handlers

        handlers.register()
