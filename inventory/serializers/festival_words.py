"""Festivals ahead, in sentences with their figures."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory.selectors.festivals import FestivalAhead
from vyapar.dashboard.templatetags.figures import day_text


def festival_words(one: FestivalAhead) -> str:
    """What a festival makes of demand, on which days, and how often that was seen."""
    said = _("%(name)s on %(day)s: %(percent)s %% in the %(days)s days before.") % {
        "name": festival_name(one.festival),
        "day": day_text(one.day),
        "percent": f"{100 * (one.factor - 1):+.0f}".replace("-", "−"),
        "days": one.lead_days,
    }
    seen = ngettext(
        "Seen %(n)d time only, so it is drawn strongly to no effect.", "Seen %(n)d times.", one.seen
    ) % {"n": one.seen}  # fmt: skip
    words = f"{said} {seen}"
    if one.basis == "estimated":
        words = " ".join([words, _("The moon may move it by a day or two.")])
    return words


def festival_name(code: str) -> str:
    """What a festival of the table is called."""
    return {
        "baisakhi": _("Baisakhi"),
        "bengali_new_year": _("Bengali New Year"),
        "bohag_bihu": _("Bohag Bihu"),
        "chhath": _("Chhath"),
        "christmas": _("Christmas"),
        "diwali": _("Diwali"),
        "durga_puja": _("Durga Puja"),
        "dussehra": _("Dussehra"),
        "easter": _("Easter"),
        "eid_al_adha": _("Eid al-Adha"),
        "eid_al_fitr": _("Eid al-Fitr"),
        "ganesh_chaturthi": _("Ganesh Chaturthi"),
        "gudi_padwa": _("Gudi Padwa"),
        "gurpurab": _("Guru Nanak's Birthday"),
        "holi": _("Holi"),
        "janmashtami": _("Janmashtami"),
        "karwa_chauth": _("Karwa Chauth"),
        "lohri": _("Lohri"),
        "magh_bihu": _("Magh Bihu"),
        "maha_shivaratri": _("Maha Shivaratri"),
        "makar_sankranti": _("Makar Sankranti"),
        "navratri": _("Navratri"),
        "onam": _("Onam"),
        "pongal": _("Pongal"),
        "raksha_bandhan": _("Raksha Bandhan"),
        "ram_navami": _("Ram Navami"),
        "rath_yatra": _("Rath Yatra"),
        "tamil_new_year": _("Tamil New Year"),
        "ugadi": _("Ugadi"),
        "vishu": _("Vishu"),
    }[code]
