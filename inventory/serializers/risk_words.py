"""What is foreseen, in sentences with their figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from inventory.risk.predict import AS_IT_IS
from vyapar.kernel.money import rupees


def reason_words(reason: Mapping[str, Any]) -> str:
    """Why a chance is what it is: one sentence with its figures, and the points that it moves."""
    said = _REASONS[reason["topic"]](_figures(reason["figures"]))
    points = float(reason["points"])
    if not points:
        return said
    moved = _("It raises the chance of no sale by %(points)s points.") if points > 0 else _(
        "It lowers the chance of no sale by %(points)s points."
    )  # fmt: skip
    return f"{said} {moved % {'points': _plain(abs(points))}}"


def cause_label(cause: str) -> str:
    """What a cause is called."""
    return {
        "old_mrp": _("Old MRP"),
        "delisted": _("Delisted or replaced"),
        "wrong_territory": _("Wrong territory"),
        "short_dated": _("Short-dated receipt"),
        "scheme_push": _("Scheme push"),
        "over_buy": _("Over-buying"),
        "old_tax": _("Old GST rate"),
        "returned": _("Brought back by outlets"),
        "demand_fell": _("Demand fell"),
        "unclear": _("Unclear"),
    }[cause]


def cause_words(cause: str, evidence: Mapping[str, Any], behind: bool = False, second: str = "") -> str:
    """Why a batch lies where it lies, with its evidence; of the batch in its way where that is why."""
    told = dict(evidence)
    said = [_CAUSES[cause](told)]
    if behind:
        said.insert(0, _("Another batch of this SKU stands in its way."))
    if told.get("moved"):
        said.append(_("It came to another place first and was moved here."))
    if told.get("opened"):
        said.append(_("It stood here when the books began; how it came is not known."))
    if second:
        said.append(_("It may also be: %(cause)s.") % {"cause": cause_label(second)})
    return " ".join(said)


def is_righted(told: Mapping[str, Any]) -> bool:
    """Whether figures of a horizon, as they are kept, say that the rule was put right."""
    return told["method"] == "rule" and tuple(told.get("righted", AS_IT_IS)) != AS_IT_IS


def method_words(method: str, reason: str, *, righted: bool = False) -> str:
    """What a chance rests on, and why on the rule where it does; whether the rule is put right."""
    if method == "ensemble":
        return _("Learnt from your own sales and checked on days it had not seen.")
    if righted:
        return " ".join([method_words(method, reason), _("Put right by how often it was wrong before.")])
    return {
        "short": _("By the pace of orders so far: there is too little history to learn from."),
        "few_cases": _("By the pace of orders so far: too few goods sold, or did not, to learn from."),
        "lost_to_rule": _("By the pace of orders so far: what was learnt ranked no better."),
    }.get(reason, _("By the pace of orders so far."))


def _figures(given: Mapping[str, Any]) -> dict[str, str]:
    return {name: _plain(value) for name, value in given.items()}


def _plain(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


#: Days of cover beyond which none are counted.
_LONGEST_COVER = 1_000
_Say = Callable[[dict[str, Any]], str]


def _silence(given: dict[str, Any]) -> str:
    if "idle_own" not in given:
        return _("Last sale %(idle)s days ago.") % given
    return _("Last sale %(idle)s days ago: %(idle_own)s times its own interval.") % given


def _orders(given: dict[str, Any]) -> str:
    return _("Sold on %(orders_90)s of the last 90 days, on %(orders_365)s of the last year.") % given


def _cover(given: dict[str, Any]) -> str:
    if "cover" not in given:
        return _("Its stock weighs in.")
    if float(given["cover"]) >= _LONGEST_COVER:
        return _("Its stock covers %(cover)s days of its sales or more.") % given
    return _("Its stock covers %(cover)s days of its sales.") % given


def _trend(given: dict[str, Any]) -> str:
    return _("Its last 90 days differ from the 90 before: it sold on %(orders_90)s days.") % given


def _outlets(given: dict[str, Any]) -> str:
    return _("%(outlets_recent)s outlets bought it in 90 days, %(outlets_usual)s in a year.") % given


def _goods(given: dict[str, Any]) -> str:
    return _(
        "Here it last sold %(item_idle)s days ago, to %(item_outlets_recent)s outlets in 90 days."
    ) % given  # fmt: skip


def _shop(given: dict[str, Any]) -> str:
    return _(
        "The outlet last bought anything %(shop_idle)s days ago, and on %(shop_calls_90)s of 90 days."
    ) % given  # fmt: skip


def _season(given: dict[str, Any]) -> str:
    if "same_season" not in given:
        return _("Its category sells otherwise in the coming season.")
    return _("In this season a year ago it sold on %(same_season)s days.") % given


def _made(given: dict[str, Any]) -> str:
    if "delisted" not in given:  # rows of before do not say which
        return _("Its maker no longer makes it, or still does.")
    return _("Its maker no longer makes it.") if given["delisted"] != "0" else _("Its maker still makes it.")


_REASONS: dict[str, _Say] = {
    "silence": _silence,
    "orders": _orders,
    "trend": _trend,
    "outlets": _outlets,
    "goods": _goods,
    "shop": _shop,
    "season": _season,
    "cover": _cover,
    "delisted": _made,
    "never_sold": lambda given: _("It has not sold here in two years."),
}


def _over_buy(given: dict[str, Any]) -> str:
    if "ordered" not in given:  # rows of before do not say what could be expected
        told = {name: _plain(float(given[name])) for name in ("received", "order_days", "daily_before")}
        return _(
            "%(received)s pieces came: %(order_days)s days of demand at %(daily_before)s a day before."
        ) % told  # fmt: skip
    told = {name: _plain(float(given[name])) for name in ("ordered", "order_days", "stock_before")}
    told["daily"] = _rate(given["expected_daily"])
    said = _(
        "%(ordered)s pieces came in a day: %(order_days)s days of demand, if %(daily)s a day were expected."
    ) % told  # fmt: skip
    if int(given["stock_before"]) <= 0:
        return said
    before = _("Already here then: %(stock_before)s.") % told
    return f"{said} {before}"


def _scheme(given: dict[str, Any]) -> str:
    if int(given["pressed"]) < 2:  # its own is one
        alone = _("It came at the end of a quarter.")
        return f"{_over_buy(given)} {alone}"
    ended = _("It came at the end of a quarter, with %(pressed)s large receipts of its maker.")
    return f"{_over_buy(given)} {ended % {'pressed': given['pressed']}}"


def _old_mrp(given: dict[str, Any]) -> str:
    told = {"then": rupees(int(given["mrp_paise"])), "now": rupees(int(given["mrp_now_paise"]))}
    return _("₹%(then)s is printed on it; what comes now bears ₹%(now)s.") % told


def _delisted(given: dict[str, Any]) -> str:
    day = date.fromordinal(int(given["delisted_day"]))
    return _("Its maker stopped making it on %(day)s.") % {"day": f"{day:%d-%m-%Y}"}


def _old_tax(given: dict[str, Any]) -> str:
    told = {"then": _plain(given["tax_bp_then"] / 100), "now": _plain(given["tax_bp_now"] / 100)}
    return _("It came under %(then)s %% GST; today it bears %(now)s %%.") % told


def _fell(given: dict[str, Any]) -> str:
    told = {name: _rate(given[name]) for name in ("daily_before", "daily_since")}
    if given.get("opened"):
        said = _("%(daily_before)s pieces a day sold before, %(daily_since)s since.") % told
    elif float(given.get("expected_daily", 0)) > float(given["daily_before"]):
        told["daily"] = _rate(given["expected_daily"])
        said = _("%(daily)s pieces a day could be expected when it came, %(daily_since)s sold since.") % told
    else:
        said = _("%(daily_before)s pieces a day sold before it came, %(daily_since)s since.") % told
    if "daily_lately" not in given or float(given["daily_lately"]) >= float(given["daily_since"]):
        return said
    lately = _("In the last 60 days it was %(daily)s.") % {"daily": _rate(given["daily_lately"])}
    return f"{said} {lately}"


def _short_dated(given: dict[str, Any]) -> str:
    said = _("It came with %(life_days)s days of life; %(shelf_days)s are usual.") % given
    if "ordered" not in given:
        return said
    told = {"ordered": _plain(float(given["ordered"])), "daily": _rate(given["expected_daily"])}
    came = _("%(ordered)s pieces came in a day; %(daily)s a day could be expected to sell.") % told
    return f"{said} {came}"


def _unclear(given: dict[str, Any]) -> str:
    told = {name: _rate(given[name]) for name in ("daily_before", "daily_since")}
    sold = _("%(daily_before)s pieces a day sold before it came, %(daily_since)s since.") % told
    unclear = _("No rule has enough evidence.")
    return f"{unclear} {sold}"


def _rate(daily: Any) -> str:
    return f"{float(daily):.2f}"


_CAUSES: dict[str, _Say] = {
    "over_buy": _over_buy,
    "scheme_push": _scheme,
    "old_mrp": _old_mrp,
    "delisted": _delisted,
    "old_tax": _old_tax,
    "demand_fell": _fell,
    "wrong_territory": lambda given: _(
        "Nobody here asked for it when %(received)s pieces came; elsewhere %(rate)s a day sold."
    ) % {"received": given["received"], "rate": f"{float(given['daily_elsewhere']):.2f}"},
    "short_dated": _short_dated,
    "returned": lambda given: _("Outlets brought back %(returned)s pieces; %(on_hand)s are here.") % given,
    "unclear": _unclear,
}  # fmt: skip
