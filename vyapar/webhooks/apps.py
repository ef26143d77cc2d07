"""Nameplate of the outgoing webhooks."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "vyapar.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"
