"""Nameplate of the inventory; hangs the Monitoring and Analysis agents in the registry."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"
    verbose_name = "Inventory"

    def ready(self) -> None:
        from inventory import handlers

        handlers.register()
