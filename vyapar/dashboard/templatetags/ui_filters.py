"""Filters for figures and days, and tags that return plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.template.context import Context
from django.utils.translation import gettext

from vyapar.dashboard.templatetags import figures, words
from vyapar.dashboard.templatetags.ui_library import register
from vyapar.gateway.speech import say_again
from vyapar.kernel import money as kernel_money
from vyapar.kernel.phrases import words_of

#: Icons of the four things a thumb must reach first; the rest is under "More".
PHONE_TABS = ("home", "inbox", "stock", "alerts")


@register.filter
def money(paise: Any) -> str:
    """`12345600` -> `₹1,23,456.00`; an em dash when there is nothing."""
    value = figures.whole(paise)
    return figures.NOTHING if value is None else kernel_money.indian(value)


@register.filter
def short_money(paise: Any) -> str:
    """`12345600` -> `₹1.23 lakh`, in the reader's language."""
    value = figures.whole(paise)
    return figures.NOTHING if value is None else figures.short_rupees(value)


@register.filter
def number(value: Any) -> str:
    """Digits grouped as Indians read them: `1234567` -> `12,34,567`."""
    found = figures.whole(value)
    return figures.NOTHING if found is None else kernel_money.group_indian(found)


@register.filter
def quantity(pieces: Any, case_pack: Any = 1) -> str:
    """Cases and loose pieces: `{{ 147|quantity:24 }}` -> `6 cases + 3 pieces`."""
    value = figures.whole(pieces)
    if value is None:
        return figures.NOTHING
    return figures.pieces_in_cases(value, figures.whole(case_pack) or 1)


@register.filter
def percent_bp(basis_points: Any) -> str:
    """`1250` -> `12.5%`."""
    value = figures.whole(basis_points)
    return figures.NOTHING if value is None else figures.percent(value)


@register.filter
def pairs(mapping: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Keys and values of free data, where `.items` would find a key named "items"."""
    return list(mapping.items())


@register.filter
def share_percent(part: float | None) -> str:
    """A probability or share of 1 as whole percent: `0.874` -> `87%`."""
    return figures.NOTHING if part is None else f"{round(float(part) * 100)}%"


@register.filter
def ist_date(value: figures.Day) -> str:
    """`5 Nov 2026`."""
    return figures.day_text(value)


@register.filter
def ist_datetime(value: figures.Day) -> str:
    """`5 Nov 2026, 14:05`, clock in India."""
    return figures.instant_text(value)


@register.filter
def age(value: figures.Day, now: Any = None) -> str:
    """`3 days ago`, `in 2 h`; `now` may be given where the page has its own `as_of`."""
    return figures.age_text(value, now)


@register.filter
def took(milliseconds: int) -> str:
    """`64720` -> `65 s`."""
    return figures.duration_text(milliseconds)


@register.filter
def said(name: str) -> str:
    """The name of an event or a verb in words: `DeadStockDetected` -> `Dead stock detected`."""
    return words.said(str(name))


@register.filter
def plain(code: Any) -> str:
    """A code in words: `short_dated_receipt` -> `Short dated receipt`."""
    return words.plain(str(code))


@register.filter
def way_note(note: str) -> str:
    """Why a way out is closed, in words."""
    return words.way_note(note)


@register.filter
def method_label(code: str) -> str:
    """The words for a way of forecasting."""
    return words.method_label(code)


@register.filter
def way_label(code: str) -> str:
    """The word for a way out."""
    return words.way_label(code)


@register.filter
def who(name: Any) -> str:
    """Who acted, as people call it: `agent:alerts` -> `Alerts agent`."""
    return words.who(str(name or ""))


@register.filter
def about(subject: Any) -> str:
    """What something was done to: `action:12` -> `Action 12`."""
    return words.about(str(subject or ""))


@register.filter
def constant(text: Any) -> str:
    """A sentence that stands in a record and is always the same, in the reader's language."""
    return gettext(str(text)) if text else ""


@register.filter
def status_label(code: str) -> str:
    """The word of a status without its badge."""
    return str(words.sign(code).label)


@register.simple_tag(takes_context=True)
def query_replace(context: Context, **changes: Any) -> str:
    """This page's query string with `changes` applied; None or "" drops a key. Starts with `?`."""
    query = context["request"].GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag
def ui_words() -> dict[str, str]:
    """What the JavaScript modules say, for `json_script`."""
    return words.script_words()


@register.simple_tag
def phone_tabs(nav: Sequence[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    """The items of `nav` that stand in the phone's tab bar: those `on_phone`, else by their icon."""
    items = list(nav or [])
    chosen = [item for item in items if item.get("on_phone")]
    return (chosen or [item for item in items if item["icon"] in PHONE_TABS])[:4]


@register.filter
def say(text: Any) -> str:
    """A phrase in the reader's language; any other text as it stands."""
    return say_again(words_of(text)) or str(text)


@register.filter
def spoken(thing: Any, name: str) -> str:
    """A text of a row in the reader's language where its words are known; as it stands otherwise.

    Words of a text stand in `<name>_words`, or in `words`: by name, or of the one text a row has.
    """
    known = figures.field(thing, f"{name}_words")
    if known is None:
        known = figures.field(thing, "words")
    if isinstance(known, Mapping):
        known = known.get(name)
    return say_again(known or ()) or str(figures.field(thing, name, "") or "")


@register.filter
def spoken_each(thing: Any, name: str) -> list[str]:
    """The texts of a list in the reader's language; `words` of the row are those of each, in its order."""
    texts, known = list(figures.field(thing, name) or ()), list(figures.field(thing, "words") or ())
    known += [()] * (len(texts) - len(known))
    return [say_again(kept) or str(text) for text, kept in zip(texts, known, strict=False)]
