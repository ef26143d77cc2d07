"""Nameplate of the reallocation app."""

from django.apps import AppConfig


class ReallocationConfig(AppConfig):
    name = "reallocation"
    verbose_name = "Reallocation"

    def ready(self) -> None:
        from reallocation import handlers

        handlers.register()
