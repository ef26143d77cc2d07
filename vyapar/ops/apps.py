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
        from django.utils.translation import gettext_lazy as _

        from vyapar.dashboard import board
        from vyapar.dashboard.board import SettingsLink
        from vyapar.engine import registry
        from vyapar.engine.contracts import Chore
        from vyapar.ops import media, metrics

        metrics.register()
        registry.hang(Chore("ops.drafts", media.tend_drafts))
        board.hang(
            SettingsLink(
                "takeout:takeout",
                _("Takeout"),
                _("Everything of this distributor in one file, to keep or to take along."),
                "package",
                20,
            )
        )
        if settings.OTLP_ENDPOINT:
            from vyapar.ops import traces

            traces.start(settings.OTLP_ENDPOINT)
