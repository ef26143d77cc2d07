"""Nameplate of the dashboard shell."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "vyapar.dashboard"
    label = "dashboard"
    verbose_name = "Dashboard"

    def ready(self) -> None:
        from vyapar.dashboard import shell

        shell.register()
