"""What the first screen says of stock, and where the page of it stands in the shell."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from django.core.cache import cache
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from redis.exceptions import RedisError

from inventory.selectors.alarms import last_sale_date
from inventory.selectors.cells import KEPT_HEADLINE
from inventory.selectors.items import Headline, get_headline
from vyapar.dashboard import board
from vyapar.dashboard.board import NavItem, Tile, TileValue
from vyapar.dashboard.templatetags.figures import age_text, day_text, short_rupees
from vyapar.engine.selectors import latest_cycle, list_actions
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.money import group_indian


def hang_stock() -> None:
    """Hang the page and the figures of the first screen on the board."""
    board.hang(NavItem("inventory:stock", gettext_lazy("Dead stock"), "dead", 20, on_phone=True))
    board.hang(Tile("stock.dead", gettext_lazy("Dead now"), 10, _tile_dead))
    for days, label in ((30, gettext_lazy("Unsold in 30 days")), (60, gettext_lazy("Unsold in 60 days")),
                        (90, gettext_lazy("Unsold in 90 days"))):  # fmt: skip
        board.hang(Tile(f"stock.in_{days}", label, 10 + days, partial(_tile_expiring, days)))
    board.hang(Tile("stock.at_risk", gettext_lazy("At risk in all"), 110, _tile_at_risk))
    done = gettext_lazy("Gain of what was carried out")
    board.hang(Tile("stock.carried_out", done, 120, _tile_carried_out))
    board.hang(Tile("stock.freshness", gettext_lazy("Sales known up to"), 130, _tile_freshness))


def _rows(**query: str) -> str:
    return f"{reverse('inventory:stock')}?{urlencode(query)}"


def _headline() -> Headline:
    """The headline, read once for each Monitoring cycle, anew when the sums have moved (see `sums_follow`)
    and after some minutes; also without a cache.
    """
    cycle = latest_cycle("monitoring")
    if cycle is None:
        return get_headline()
    try:
        kept = cache.get(KEPT_HEADLINE)
        if isinstance(kept, tuple) and kept[0] == cycle.pk and isinstance(kept[1], Headline):
            return kept[1]
        found = get_headline()
        cache.set(KEPT_HEADLINE, (cycle.pk, found), 600)
    except RedisError:
        return get_headline()
    return found


def _tile_dead() -> TileValue:
    headline = _headline()
    note = _("%(items)s items of %(all)s") % {
        "items": group_indian(headline.dead_items), "all": group_indian(headline.items),
    }  # fmt: skip
    tone = "bad" if headline.dead_paise else "good"
    return TileValue(_rows(status="dead"), value_paise=headline.dead_paise, note=note, tone=tone)


def _tile_expiring(days: int) -> TileValue:
    paise = _headline().expiring[days]
    tone = "warn" if paise else "good"
    note = _("will expire unsold if nothing is done")
    return TileValue(_rows(expires=str(days)), value_paise=paise, note=note, tone=tone)


def _tile_at_risk() -> TileValue:
    headline = _headline()
    note = _("%(pieces)s pieces; holding them costs %(loss)s") % {
        "pieces": group_indian(headline.at_risk_pieces), "loss": short_rupees(headline.loss_paise),
    }  # fmt: skip
    return TileValue(_rows(risk="1"), value_paise=headline.at_risk_paise, note=note, tone="warn")


def _tile_carried_out() -> TileValue:
    done = list_actions(statuses=(Status.EXECUTED,))
    paise = done.aggregate(net=Sum("net_paise"))["net"] or 0
    note = _("expected, from %(count)s actions") % {"count": group_indian(done.count())}
    url = f"{reverse('dashboard:inbox')}?tab=done"
    return TileValue(url, value_paise=int(paise), note=note, tone="good" if paise else "calm")


def _tile_freshness() -> TileValue:
    newest = last_sale_date()
    days = (ist_day(timezone.now()) - newest).days if newest else None
    tone = "bad" if days is None or days > 3 else "warn" if days > 1 else "good"
    text = day_text(newest) if newest else _("no sales yet")
    return TileValue(_rows(sort="idle"), text=text, note=age_text(newest) if newest else "", tone=tone)
