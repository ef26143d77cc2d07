"""Is there stock, is it sold, and may outlets be told?"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory.models import Position, Retailer
from inventory.selectors.alarms import last_sale_date
from inventory.selectors.readiness.places import SHOWN
from vyapar.engine.contracts import Lack
from vyapar.kernel.calendar import ist_day
from vyapar.law.goods import is_food
from vyapar.messaging.letters import MARKETING
from vyapar.messaging.selectors import count_consenting

#: Days without any sale after which everything would look dead.
SALES_DAYS = 30
#: How a retailer is named among those who may be written to.
_PARTY = "retailer:"


def look_at_stock(at: datetime) -> Lack | None:
    """Nothing stands anywhere."""
    if Position.objects.filter(on_hand__gt=0).exists():
        return None
    return Lack(
        message=_("no stock is known"),
        fix=_("Upload your stock by SKU, batch and godown, or connect the system that keeps it"),
        link=reverse("inventory:data"),
    )


def look_at_expiry(at: datetime) -> Lack | None:
    """Pieces of goods that expire, in batches that do not say when."""
    today = ist_day(at)
    undated = (
        Position.objects.filter(on_hand__gt=0, batch__expiry_date=None)
        .values_list("sku__code", "sku__hsn", "sku__shelf_life_days")
        .annotate(pieces=Sum("on_hand"))
        .order_by("sku__code")
    )
    codes = [code for code, hsn, life, _pieces in undated if life is not None or is_food(hsn, today)]
    if not codes:
        return None
    return Lack(
        message=ngettext(
            "%(n)d SKU with stock has batches without an expiry date",
            "%(n)d SKUs with stock have batches without an expiry date",
            len(codes),
        )
        % {"n": len(codes)},
        fix=_("Upload the batches with their expiry dates: without one nobody sees them expire"),
        count=len(codes),
        examples=tuple(codes[:SHOWN]),
        link=reverse("inventory:data"),
    )


def look_at_sales(at: datetime) -> Lack | None:
    """No sale for so long that everything would look dead."""
    today, newest = ist_day(at), last_sale_date()
    if newest is not None and newest > today - timedelta(days=SALES_DAYS):
        return None
    message = (
        _("nothing was sold in the last %(days)d days") % {"days": SALES_DAYS}
        if newest
        else _("no sale is known")
    )
    return Lack(
        message=message,
        fix=_("Upload your sales up to yesterday, a year if you can: without them all stock looks dead"),
        examples=(newest.isoformat(),) if newest else (),
        link=reverse("inventory:data"),
    )


def look_at_consent(at: datetime) -> Lack | None:
    """No outlet has agreed to be told of offers."""
    if count_consenting(MARKETING, _PARTY):
        return None
    outlets = Retailer.objects.filter(active=True).order_by("retailer_id")
    return Lack(
        message=_("no outlet has agreed to hear of offers"),
        fix=_("Ask your outlets to send START to your number: their consent is recorded with its proof"),
        count=max(1, outlets.count()),
        examples=tuple(outlets.values_list("retailer_id", flat=True)[:SHOWN]),
    )
