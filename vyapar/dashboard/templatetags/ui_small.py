"""Small components: one figure, one sign, one control each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlencode

from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import get_language

from vyapar.dashboard import board
from vyapar.dashboard.templatetags import figures, words
from vyapar.dashboard.templatetags.ui_library import register
from vyapar.kernel import money as kernel_money


def _attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    """`hx_post="…"` becomes `hx-post`; False and None are left out, True stands alone."""
    return {k.replace("_", "-"): v for k, v in given.items() if v not in (None, False)}


# what is safe is another value than the same text that is not, so types count
@lru_cache(maxsize=4_096, typed=True)
def _rendered(component: str, _language: str, **facts: str) -> SafeString:
    """A component that depends on its facts and the language alone; a page repeats a few of them all over."""
    return cast(SafeString, get_template(f"components/{component}.html").render(facts))


def _repeated(component: str, **facts: Any) -> SafeString:
    texts = {name: "" if value is None or value is False else str(value) for name, value in facts.items()}
    return _rendered(component, get_language() or "", **texts)


@register.simple_tag
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """One icon of the sprite; silent to screen readers unless it has a `label`. `size`: sm, lg."""
    return _repeated("icon", name=name, label=label, size=size)


@register.inclusion_tag("components/button.html")
def button(label: str, href: str = "", **options: Any) -> dict[str, Any]:
    """A button, or a link that looks like one.

    `look`: primary, secondary (default), quiet, danger; `size`: sm; `icon`, `icon_after`,
    `shortcut` (the key shown), `only_icon`, `wide`, `type` (button), `disabled`, and any attribute
    with underscores for hyphens (`hx_post`, `data_dialog_open`, `name`, `value`, `form`).
    """
    known = {
        key: options.pop(key, default)
        for key, default in (
            ("look", "secondary"), ("size", ""), ("icon", ""), ("icon_after", ""), ("shortcut", ""),
            ("only_icon", False), ("wide", False), ("type", "button"), ("disabled", False),
        )
    }  # fmt: skip
    return {"label": label, "href": href, **known, "attributes": _attributes(options)}


@register.inclusion_tag("components/downloads.html", takes_context=True)
def downloads(context: Context, url: str, **given: Any) -> dict[str, Any]:
    """CSV and Excel of the list on the page, as it is filtered, and by mail where it can be.

    `url`: the name of an address that takes `form`; other parts of the address come as keywords.
    """
    query = context["request"].GET.copy()
    for name in ("page", "cursor"):
        query.pop(name, None)
    tail = f"?{query.urlencode()}" if query else ""
    csv, xlsx = (reverse(url, kwargs={**given, "form": form}) + tail for form in ("csv", "xlsx"))
    door = board.mail_door(url)
    asked = urlencode({"listing": door[1], "query": query.urlencode()}) if door else ""
    return {"csv": csv, "xlsx": xlsx, "mail": f"{reverse(door[0])}?{asked}" if door else ""}


@register.simple_tag
def badge(label: str, tone: str = "neutral", icon: str = "", title: str = "") -> SafeString:
    """A word on a tinted ground. `tone`: neutral, accent, ok, warn, danger, info, sim."""
    return _repeated("badge", label=label, tone=tone, icon=icon, title=title)


@register.simple_tag
def status_badge(status: str, kind: str = "", title: str = "") -> SafeString:
    """The badge of a status: colour, sign and word always together."""
    sign = words.sign(str(status), kind)
    return badge(str(sign.label), sign.tone, sign.icon, title)


@register.simple_tag
def amount(paise: Any, short: bool = False, signed: bool = False, tone: bool = False) -> SafeString:
    """Rupees; the form not shown (short or full) stands in the title.

    `signed` puts + before gains; `tone` colours losses and gains (the sign is always there too).
    """
    value = figures.whole(paise)
    if value is None:
        return _repeated("amount", text=figures.NOTHING, title="", tone="")
    full, brief = kernel_money.indian(value), figures.short_rupees(value)
    sign = "+" if signed and value > 0 else ""
    colour = ("loss" if value < 0 else "gain" if value > 0 else "") if tone else ""
    text, title = (brief, full) if short else (full, brief)
    figure, _space, unit = text.partition(" ")
    plain = kernel_money.rupees(value)
    return _repeated("amount", text=sign + figure, unit=unit, title=title, tone=colour, plain=plain)


@register.inclusion_tag("components/delta.html")
def delta(change: Any, unit: str = "paise", good: str = "up", label: str = "") -> dict[str, Any]:
    """A change with its arrow, sign and words. `unit`: paise, bp, pieces, days; `good`: up, down."""
    value = figures.whole(change)
    if value is None:
        return {"text": "", "label": label}
    size = abs(value)
    text = figures.short_rupees(size) if unit == "paise" else figures.value_text(size, unit)
    way = "flat" if value == 0 else "rise" if value > 0 else "fall"
    better = (value > 0) == (good == "up")
    tone = "flat" if value == 0 else "gain" if better else "loss"
    sign = {"flat": "", "rise": "+", "fall": "-"}[way]
    return {"text": sign + text, "icon": way, "tone": tone, "label": label}


@register.inclusion_tag("components/moment.html")
def moment(value: figures.Day, show: str = "age") -> dict[str, Any]:
    """A `<time>`. `show`: age (default), date, datetime; the full instant stands in the title."""
    when = figures.moment(value)
    texts = {"age": figures.age_text, "date": figures.day_text, "datetime": figures.instant_text}
    return {
        "iso": when.isoformat() if when else "",
        "text": texts[show](value),
        "title": figures.instant_text(value),
    }


@register.inclusion_tag("components/freshness.html")
def freshness(state: str, at: figures.Day = None, href: str = "") -> dict[str, Any]:
    """How fresh the data is. `state`: fresh, late, stale, none."""
    return {"sign": words.sign(state, "freshness"), "state": state, "at": at, "href": href}


@register.inclusion_tag("components/simulated.html")
def simulated(where: str = "stamp") -> dict[str, Any]:
    """The word SIMULATED. `where`: stamp (beside a number or title) or banner (over a paper)."""
    return {"where": where}


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, label: str, note: str = "", tone: str = "") -> dict[str, Any]:
    """How far something is, with figures in words; a `total` of 0 means not known yet."""
    return {
        "done": done,
        "total": total,
        "label": label,
        "note": note,
        "tone": tone,
        "share": f"{figures.share_of(done, total):.0f}%",
    }


@register.inclusion_tag("components/sparkline.html")
def sparkline(values: Sequence[float], label: str, tone: str = "") -> dict[str, Any]:
    """A line the height of text; `label` says in words what it shows."""
    return {"shape": figures.spark([float(v) for v in values]), "label": label, "tone": tone}


@register.inclusion_tag("components/bar_list.html")
def bar_list(items: Sequence[Mapping[str, Any]], unit: str = "", of: Any = None) -> dict[str, Any]:
    """Named bars from a common zero: funnels, causes, ageing.

    Items: `label`, `value`, optional `href`, `note`, `tone`, `icon`; `of` fixes the full length.
    """
    largest = float(of or max((abs(item["value"]) for item in items), default=0))
    rows = [
        {
            **item,
            "share": figures.share_of(item["value"], largest),
            "text": figures.short_rupees(int(item["value"]))
            if unit == "paise"
            else figures.value_text(item["value"], unit),
            "title": figures.value_text(item["value"], unit),
        }
        for item in items
    ]
    return {"rows": rows}


@register.inclusion_tag("components/field.html")
def form_field(field: Any, hint: str = "", unit: str = "") -> dict[str, Any]:
    """A bound Django field with label, help, unit and errors tied together for screen readers."""
    described = [f"{field.auto_id}-hint"] if hint or field.help_text else []
    if field.errors:
        described.append(f"{field.auto_id}-errors")
    attributes: dict[str, Any] = {"aria-describedby": " ".join(described)} if described else {}
    if field.errors:
        attributes["aria-invalid"] = "true"
    return {
        "field": field,
        "control": field.as_widget(attrs=attributes),
        "kind": slugify(type(field.field.widget).__name__),
        "hint": hint or field.help_text,
        "unit": unit,
    }
