"""Nameplate of the engine; hangs its own guard and subscribers in the registry."""

from django.apps import AppConfig


class EngineConfig(AppConfig):
    name = "vyapar.engine"
    label = "engine"
    verbose_name = "Engine"

    def ready(self) -> None:
        from vyapar.engine import handlers

        handlers.register()
