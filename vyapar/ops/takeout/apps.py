"""Nameplate of the takeout: a table of those that were asked for."""

from __future__ import annotations

from django.apps import AppConfig


class TakeoutConfig(AppConfig):
    name = "vyapar.ops.takeout"
    label = "takeout"
    verbose_name = "Takeout"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from vyapar.dashboard import board
        from vyapar.dashboard.board import SettingsLink
        from vyapar.engine import registry
        from vyapar.engine.contracts import Chore
        from vyapar.ops.tasks import tend_takeouts

        registry.hang(Chore("ops.takeouts", tend_takeouts))
        board.hang(
            SettingsLink(
                "takeout:takeout",
                _("Takeout"),
                _("Everything of this distributor in one file, to keep or to take along."),
                "package",
                20,
            )
        )
