"""Is each SKU known well enough to be priced and taxed?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from inventory.models import Batch, GstRegistration, Sku
from inventory.selectors.readiness.places import SHOWN
from vyapar.engine.contracts import Lack
from vyapar.kernel.calendar import ist_day
from vyapar.law.goods import is_food
from vyapar.law.rates import RateUnclear, rate_for


def look_at_skus(at: datetime) -> Lack | None:
    """No SKU that could be sold."""
    if _sold().exists():
        return None
    return Lack(
        message=_("no SKU is known"),
        fix=_("Upload your SKUs with HSN, MRP and cost"),
        link=reverse("inventory:data"),
    )


def look_at_hsn(at: datetime) -> Lack | None:
    """SKUs that no tax can be told for."""
    return _lack(
        _sold().filter(hsn=""),
        ngettext_lazy("%(n)d SKU has no HSN", "%(n)d SKUs have no HSN", "n"),
        _("Add the HSN in your books and upload the SKUs again"),
    )


def look_at_mrp(at: datetime) -> Lack | None:
    """SKUs without an MRP, which no price may exceed."""
    return _lack(
        _sold().filter(mrp_paise=0),
        ngettext_lazy("%(n)d SKU has no MRP", "%(n)d SKUs have no MRP", "n"),
        _("Add the MRP in your books and upload the SKUs or their prices again"),
    )


def look_at_cost(at: datetime) -> Lack | None:
    """SKUs of which neither they nor any batch names the cost, which every loss is counted in."""
    priced = Batch.objects.filter(sku=OuterRef("pk"), cost_paise__gt=0)
    return _lack(
        _sold().filter(cost_paise=0).exclude(Exists(priced)),
        ngettext_lazy("%(n)d SKU has no cost", "%(n)d SKUs have no cost", "n"),
        _("Add the cost in your books and upload the SKUs or their prices again"),
    )


def look_at_rates(at: datetime) -> Lack | None:
    """HSN codes for which the rate table gives no rate, or several, today."""
    today = ist_day(at)
    unclear: dict[str, str] = {}
    for hsn, item, packed in _sold().exclude(hsn="").values_list("hsn", "rate_item", "packed").distinct():
        try:
            rate_for(hsn, today, rate_item=item, packed=packed)
        except RateUnclear as error:
            unclear.setdefault(hsn, error.code)
    if not unclear:
        return None
    several = sum(code == "rate_ambiguous" for code in unclear.values())
    fix = (
        _("Say in the SKU's rate item which goods they are, where a heading bears several rates")
        if several
        else _("Correct the HSN in your books and upload the SKUs again")
    )
    return Lack(
        message=ngettext(
            "%(n)d HSN code bears no clear GST rate today", "%(n)d HSN codes bear no clear GST rate today",
            len(unclear),
        )
        % {"n": len(unclear)},
        fix=fix + " · " + _("until then nothing with these goods is approved"),
        count=len(unclear),
        examples=tuple(sorted(unclear)[:SHOWN]),
        link=reverse("inventory:data"),
    )  # fmt: skip


def look_at_fssai(at: datetime) -> Lack | None:
    """Registrations without a licence number although food is sold. When a licence ends is not kept."""
    bare = list(
        GstRegistration.objects.filter(active=True, fssai="")
        .order_by("gstin")
        .values_list("gstin", flat=True)
    )
    today = ist_day(at)
    if not bare or not any(is_food(hsn, today) for hsn in _sold().values_list("hsn", flat=True).distinct()):
        return None
    return Lack(
        message=ngettext(
            "%(n)d registration has no FSSAI number, and you sell food",
            "%(n)d registrations have no FSSAI number, and you sell food",
            len(bare),
        )
        % {"n": len(bare)},
        fix=_("Enter the 14-digit number: papers for food must show it"),
        link=reverse("inventory:registrations"),
        count=len(bare),
        examples=tuple(bare[:SHOWN]),
    )


def _sold() -> QuerySet[Sku]:
    return Sku.objects.filter(active=True, delisted_date=None)


def _lack(missing: QuerySet[Sku], words: Any, fix: str) -> Lack | None:
    count = missing.count()
    if not count:
        return None
    return Lack(
        message=words % {"n": count},
        fix=fix,
        count=count,
        examples=tuple(missing.order_by("code").values_list("code", flat=True)[:SHOWN]),
        link=reverse("inventory:data"),
    )
