"""Nameplate of the gateway."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "vyapar.gateway"
    label = "gateway"
    verbose_name = "Gateway"

    def ready(self) -> None:
        from auditlog.registry import auditlog

        from vyapar.gateway.models import ApiKey

        auditlog.register(ApiKey, exclude_fields=["last_used_at"])
