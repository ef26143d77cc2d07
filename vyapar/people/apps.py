"""Nameplate of the people app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "vyapar.people"
    label = "people"
    verbose_name = "People"

    def ready(self) -> None:
        from auditlog.registry import auditlog

        from vyapar.people.models import User

        auditlog.register(User, exclude_fields=["password", "last_login"])
