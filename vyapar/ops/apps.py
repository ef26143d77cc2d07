"""Nameplate of the room that runs the house."""

from __future__ import annotations

from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Services, health, metrics, demonstration: no tables of its own."""

    name = "vyapar.ops"
    label = "ops"
    verbose_name = "Operations"

    def ready(self) -> None:
        from django.conf import settings

        from vyapar.engine import registry
        from vyapar.engine.contracts import Chore
        from vyapar.ops import media, metrics

        metrics.register()
        registry.hang(Chore("ops.drafts", media.tend_drafts))
        if settings.OTLP_ENDPOINT:
            from vyapar.ops import traces

            traces.start(settings.OTLP_ENDPOINT)
