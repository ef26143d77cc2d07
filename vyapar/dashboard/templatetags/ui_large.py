"""Large components: a whole part of a page each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.template.context import Context

from vyapar.dashboard.templatetags import figures, words
from vyapar.dashboard.templatetags.ui_filters import query_replace, spoken
from vyapar.dashboard.templatetags.ui_library import register
from vyapar.kernel import money as kernel_money

#: A tile says how it should feel; the tokens say how that looks.
TONES = {"good": "ok", "bad": "danger", "calm": ""}


@register.inclusion_tag("components/stat.html")
def stat(label: str, **options: Any) -> dict[str, Any]:
    """A headline number that opens its rows.

    One of `paise`, `count` or `text`; `href` (the rows), `link` (words of the link), `note`,
    `change`, `change_unit`, `change_good`, `change_label`, `icon`, `tone`, `values` (sparkline).
    """
    paise = figures.whole(options.pop("paise", None))
    count = figures.whole(options.pop("count", None))
    text = options.pop("text", figures.NOTHING)
    if count is not None:
        text = kernel_money.group_indian(count)
    defaults = {"change_unit": "paise", "change_good": "up", "change": None}
    options["tone"] = TONES.get(options.get("tone", ""), options.get("tone", ""))
    return {"label": label, "text": text, "paise": paise, **defaults, **options}


@register.inclusion_tag("components/ways_out.html")
def ways_out(alternatives: Sequence[Any], chosen: str = "", name: str = "ways") -> dict[str, Any]:
    """The six ways out side by side; each opens into the components that add up to it."""
    return {**figures.compare_ways(alternatives or [], chosen), "name": name}


@register.inclusion_tag("components/findings.html")
def findings(items: Sequence[Any], empty: str = "") -> dict[str, Any]:
    """What rules object to, gravest first: `severity`, `message`, `code`, `basis`, `fix`."""
    order = {"block": 0, "warn": 1, "info": 2}
    ranked = sorted(items or [], key=lambda item: order.get(str(figures.field(item, "severity")), 3))
    rows = [
        {name: figures.field(item, name, "") for name in ("code", "basis")}
        | {name: spoken(item, name) for name in ("message", "fix")}
        | {"sign": words.sign(str(figures.field(item, "severity", "info")))}
        for item in ranked
    ]
    return {"rows": rows, "empty": empty}


@register.inclusion_tag("components/timeline.html")
def timeline(entries: Sequence[Any]) -> dict[str, Any]:
    """What happened, in the order given.

    Entries: `target` (a status), `actor` or `actor_name`, `at`, `reason`, `detail`, `href`.
    """
    names = ("target", "actor", "at", "reason", "detail", "href")
    rows = [{name: figures.field(entry, name, "") for name in names} for entry in entries or []]
    for row, entry in zip(rows, entries or [], strict=True):
        row["actor"] = row["actor"] or figures.field(entry, "actor_name", "")
        row["sign"] = words.sign(str(row["target"]))
    return {"rows": rows}


@register.inclusion_tag("components/chart.html")
def chart(spec: Mapping[str, Any], name: str, title: str, **options: Any) -> dict[str, Any]:
    """A declared chart (docs/look.md, "Charts"), its summary in words and its numbers as a table.

    Options: `summary`, `height` (sm, md, lg), `numbers` False to leave the table out.
    """
    numbers = figures.chart_rows(spec) if options.pop("numbers", True) else None
    defaults = {"height": "md", "summary": ""}
    return {"spec": spec, "name": name, "title": title, "numbers": numbers, **defaults, **options}


@register.inclusion_tag("components/agent_card.html")
def agent_card(agent: Any, href: str = "", level: int = 3) -> dict[str, Any]:
    """What one agent is doing; `level` is the heading's.

    `agent` has `label` and `state`, and may have `icon`, `doing`, `last_at`, `next_at`, `error`,
    `autonomy`, `breaker`, and `counts` (each with `label`, `value`, `href`).
    """
    sign = words.sign(str(figures.field(agent, "state", "idle")))
    return {"agent": agent, "href": href, "level": level, "sign": sign}


@register.inclusion_tag("components/document_link.html")
def document_link(document: Any, href: str = "") -> dict[str, Any]:
    """A paper: `number`, `title`, `at`, `status`, `pages`, `simulated`."""
    return {"document": document, "href": href}


@register.inclusion_tag("components/undo_bar.html", takes_context=True)
def undo_bar(context: Context, until: figures.Day, action: str, text: str = "") -> dict[str, Any]:
    """What can still be taken back, with a countdown; `action` is the URL the undo posts to."""
    when = figures.moment(until)
    return {
        "until": when.isoformat() if when else "",
        "clock": figures.instant_text(until),
        "action": action,
        "text": text,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/empty_state.html")
def empty_state(title: str, text: str = "", **options: Any) -> dict[str, Any]:
    """Nothing here, and what to do next: `icon`, `action`, `href`, `second`, `second_href`."""
    return {"title": title, "text": text, "icon": "package", **options}


@register.inclusion_tag("components/tabs.html")
def tabs(items: Sequence[Mapping[str, Any]], label: str) -> dict[str, Any]:
    """Links between views of one thing: `label`, `url`, `active`, `count`."""
    return {"items": items, "label": label}


@register.inclusion_tag("components/th.html", takes_context=True)
def th(context: Context, label: str, sort: str = "", num: bool = False, **options: Any) -> dict[str, Any]:
    """A column head; with `sort` a link that sorts by it, then the other way round.

    `first`: desc (default for `num`) or asc; `target`: id of the part HTMX replaces; `hint`.
    """
    first = options.get("first") or ("desc" if num else "asc")
    current = context["request"].GET.get("sort", context.get("sort", "")) if sort else ""
    direction = {sort: "ascending", f"-{sort}": "descending"}.get(current, "") if sort else ""
    upward, downward = sort, f"-{sort}"
    following = {"ascending": downward, "descending": upward}.get(
        direction, downward if first == "desc" else upward
    )
    return {
        "label": label,
        "num": num,
        "sort": sort,
        "direction": direction,
        "href": query_replace(context, sort=following, page=None, cursor=None) if sort else "",
        "target": options.get("target", ""),
        "hint": options.get("hint", ""),
    }


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: Context, page: Any = None, **options: Any) -> dict[str, Any]:
    """Links to other pages: a Django `page`, or `next_cursor` and `previous_cursor`.

    Options: `target` (id HTMX replaces), `shown` (words such as "1 to 50 of 1,204").
    """
    links = {"previous": "", "next": ""}
    if page is not None:
        if page.has_previous():
            links["previous"] = query_replace(context, page=page.previous_page_number())
        if page.has_next():
            links["next"] = query_replace(context, page=page.next_page_number())
    else:
        for name in links:
            if cursor := options.get(f"{name}_cursor"):
                links[name] = query_replace(context, cursor=cursor)
    return {"page": page, "links": links, **options}
