"""What this app looks at before a distributor goes live, in the order in which it is mended."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.selectors.readiness import feeds, goods, places, trade
from vyapar.engine.contracts import Readiness, Weight

_B, _W = Weight.BLOCKER, Weight.WARNING

CHECKS: tuple[Readiness, ...] = (
    Readiness("gstin", _("GST registration"), _B, places.look_at_registrations, 10),
    Readiness("godown", _("A godown in each territory"), _B, places.look_at_godowns, 11),
    Readiness("coordinates", _("Godowns on the map"), _B, places.look_at_coordinates, 12),
    Readiness("sku", _("SKUs"), _B, goods.look_at_skus, 19),
    Readiness("sku_hsn", _("HSN of SKUs"), _B, goods.look_at_hsn, 20),
    Readiness("sku_mrp", _("MRP of SKUs"), _B, goods.look_at_mrp, 21),
    Readiness("sku_cost", _("Cost of SKUs"), _B, goods.look_at_cost, 22),
    Readiness("hsn_rate", _("GST rate of each HSN"), _W, goods.look_at_rates, 23),
    Readiness("fssai", _("FSSAI number"), _W, goods.look_at_fssai, 24),
    Readiness("stock", _("Stock"), _B, trade.look_at_stock, 30),
    Readiness("expiry", _("Expiry of what is in stock"), _W, trade.look_at_expiry, 31),
    Readiness("sales", _("Sales of the last 30 days"), _B, trade.look_at_sales, 32),
    Readiness("consent", _("Consent of outlets"), _W, trade.look_at_consent, 33),
    Readiness("import", _("Imports that add up"), _B, feeds.look_at_imports, 40),
    Readiness("unfinished", _("Imports that wait"), _W, feeds.look_at_unfinished, 41),
    Readiness("quarantine", _("Rows set aside"), _W, feeds.look_at_quarantine, 42),
    Readiness("feed", _("Feeds that bring data"), _W, feeds.look_at_feeds, 43),
)

__all__ = ["CHECKS"]
