"""Components that hold content: `{% card %} … {% endcard %}`."""

from __future__ import annotations

from typing import Any

from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from vyapar.dashboard.templatetags.ui_filters import query_replace
from vyapar.dashboard.templatetags.ui_library import register


@register.simple_block_tag(end_name="endcard")
def card(content: str, title: str = "", **options: Any) -> SafeString:
    """A panel. Options: `id`, `icon`, `note`, `href`, `link`, `flush` (no padding), `tone`."""
    return render_to_string("components/card.html", {"content": content, "title": title, **options})


@register.simple_block_tag(end_name="endcallout")
def callout(content: str, tone: str = "info", title: str = "", **options: Any) -> SafeString:
    """A message that stays. `tone`: info, ok, warn, danger, sim; `urgent` announces it at once."""
    context = {"content": content, "tone": tone, "title": title, **options}
    return render_to_string("components/callout.html", context)


@register.simple_block_tag(end_name="enddialog")
def dialog(content: str, name: str, title: str, **options: Any) -> SafeString:
    """A native dialog, opened by `data-dialog-open="name"`. `size`: sm, lg; `sheet` for phones."""
    return render_to_string(
        "components/dialog.html", {"content": content, "name": name, "title": title, **options}
    )


@register.simple_block_tag(end_name="endtable")
def table(content: str, caption: str, **options: Any) -> SafeString:
    """A table that becomes cards on a phone.

    Options: `id`, `show_caption`, `cards` False to scroll sideways instead, `tall` for a head that
    stays while the body scrolls, `tight`.
    """
    defaults = {"cards": True}
    context = {"content": content, "caption": caption, **defaults, **options}
    return render_to_string("components/table.html", context)


@register.simple_block_tag(takes_context=True, end_name="endfilters")
def filters(context: Context, content: str, **options: Any) -> SafeString:
    """Search and filters of a list, as a GET form that can be linked to.

    `search`: placeholder; `target`: id HTMX replaces; `active`: chips (`label`, `name`) that each
    take one filter away; `saved`: named views (`label`, `url`, `active`).
    """
    query = context["request"].GET
    chips = [
        {**chip, "href": query_replace(context, **{chip["name"]: None, "page": None})}
        for chip in options.pop("active", None) or []
    ]
    return render_to_string(
        "components/filters.html",
        {
            "content": content,
            "chips": chips,
            "query": query.get("q", ""),
            "sort": query.get("sort", ""),
            "clear": context["request"].path,
            **options,
        },
    )
