"""What a forecast rests on beside its own past, and what explains that, in sentences with their figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory.selectors.charged import OfferAhead
from vyapar.dashboard.templatetags.figures import day_text
from vyapar.kernel.money import group_indian


def rests_words(rests_on: Mapping[str, Any]) -> list[str]:
    """Whose demand it takes over, how its own fades, which others tell it, and what was corrected."""
    words = []
    if after := rests_on.get("after"):
        words.append(
            _("Taken over from %(skus)s: %(percent)s %% of its demand, with its history.")
            % {"skus": ", ".join(after), "percent": f"{100 * rests_on['share']:.0f}"}
        )
    if "kept" in rests_on:
        words.append(_fading(rests_on["kept"]))
    if alike := rests_on.get("alike"):
        told = ngettext(
            "New here: expected as sold by %(n)d similar SKU (%(skus)s).",
            "New here: expected as sold by %(n)d similar SKUs (%(skus)s).",
            len(set(alike)),
        ) % {"n": len(set(alike)), "skus": ", ".join(dict.fromkeys(alike))}
        words.append(" ".join([told, _("Its own weeks take over as they come.")]))
    if days := rests_on.get("corrected"):
        words.append(
            ngettext(
                "%(n)d day of its past counts as somebody corrected it, not as sold.",
                "%(n)d days of its past count as somebody corrected them, not as sold.",
                days,
            )
            % {"n": days}
        )
    return words


def explained_words(explained: Mapping[str, float]) -> list[str]:
    """What explains a part of a week that stands out, see `Outlier`; all the same it sold more."""
    words = []
    if "festival" in explained:
        words.append(_("Festivals make it %(factor)s times.") % {"factor": f"{explained['festival']:.2f}"})
    if "price" in explained:
        told = {"factor": f"{explained['price']:.2f}"}
        words.append(_("Its lower price or an offer makes it %(factor)s times.") % told)
    if "cheaper" in explained:
        told = {"percent": f"{100 * explained['cheaper']:.0f}"}
        words.append(_("It cost %(percent)s %% less than usual, which explains a part.") % told)
    if "offer" in explained:
        told = {"pieces": group_indian(round(explained["offer"]))}
        words.append(_("%(pieces)s pieces were on offer in that week, and are taken off.") % told)
    return words


def offer_words(one: OfferAhead) -> str:
    """What is on offer, and on which days."""
    told = ngettext(
        "Offer of %(percent)s %% from %(first)s to %(last)s, of %(n)s piece.",
        "Offer of %(percent)s %% from %(first)s to %(last)s, of %(n)s pieces.",
        one.pieces,
    )
    return told % {
        "percent": f"{one.discount_bp / 100:g}",
        "first": day_text(one.from_date),
        "last": day_text(one.to_date),
        "n": one.pieces,
    }


def _fading(kept: float) -> str:
    if kept <= 0:
        return _("Taken off the list: no regular demand is expected after that day.")
    return _(
        "Taken off the list: after that day each week keeps %(percent)s %% of the demand of the last."
    ) % {"percent": f"{100 * kept:.0f}"}
