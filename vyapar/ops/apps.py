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

        from vyapar.ops import metrics

        metrics.register()
        if settings.OTLP_ENDPOINT:
            from vyapar.ops import traces

            traces.start(settings.OTLP_ENDPOINT)
