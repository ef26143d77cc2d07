"""Nameplate of the tenancy app."""

from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "vyapar.tenancy"
    label = "tenancy"
    verbose_name = "Distributors"
