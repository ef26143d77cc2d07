"""Nameplate of the inventory; hangs its agents in the registry and its pages on the board."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"
    verbose_name = "Inventory"

    def ready(self) -> None:
        from inventory import handlers
        from inventory.views import (
            consent_lists,
            data,
            exports,
            first_screen,
            forecast,
            listings,
            outcomes,
            outlets,
            quality,
            registrations,
        )

        handlers.register()
        first_screen.hang_stock()
        outcomes.hang_outcomes()
        forecast.hang_forecast()
        listings.hang_listings()
        outlets.hang_outlets()
        consent_lists.hang_consents()
        registrations.hang_registrations()
        exports.hang_shell()
        data.hang_data()
        quality.hang_quality()
