"""The page of twins: pairs side by side, kept left or right or apart, in one go when certain, undone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from inventory.contracts.feeds import RecordKind
from inventory.contracts.twins import Sign
from inventory.models import Twins
from inventory.selectors.twins import (
    Side,
    count_twins,
    get_twins,
    latest_look,
    list_sides,
    list_twins,
)
from inventory.services import keep_apart, merge_twins, take_apart
from inventory.services.twins import merge_certain
from vyapar.dashboard.access import attempt, back, page, person
from vyapar.dashboard.sheets import lines_of, sheet
from vyapar.dashboard.templatetags.words import sign
from vyapar.gateway.speech import say
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import May

PER_PAGE = 12
_KINDS = {"retailers": gettext_lazy("Outlets"), "skus": gettext_lazy("SKUs")}
#: Evidence in words; what speaks against a pair is told too.
_SIGNS: dict[Sign, tuple[str, str | Promise]] = {
    Sign.SAME_GSTIN: ("ok", gettext_lazy("same GSTIN")),
    Sign.SAME_PHONE: ("ok", gettext_lazy("same phone")),
    Sign.NAMES: ("info", gettext_lazy("names %s alike")),
    Sign.SAME_PINCODE: ("info", gettext_lazy("same pincode")),
    Sign.ADDRESSES: ("info", gettext_lazy("addresses %s alike")),
    Sign.OTHER_PHONE: ("warn", gettext_lazy("another phone")),
    Sign.OTHER_PINCODE: ("warn", gettext_lazy("another pincode")),
    Sign.OTHER_TRADE: ("warn", gettext_lazy("another trade")),
    Sign.SAME_BRAND: ("info", gettext_lazy("same brand")),
    Sign.SAME_PACK: ("ok", gettext_lazy("same pack")),
    Sign.SAME_MRP: ("ok", gettext_lazy("same MRP")),
    Sign.OTHER_MRP: ("warn", gettext_lazy("another MRP")),
    Sign.SAME_HSN: ("info", gettext_lazy("same HSN")),
    Sign.OTHER_HSN: ("warn", gettext_lazy("another HSN")),
}
_FACTS = {
    "phone": gettext_lazy("Phone"), "gstin": gettext_lazy("GSTIN"), "pincode": gettext_lazy("Pincode"),
    "address": gettext_lazy("Address"), "territory": gettext_lazy("Territory"), "beat": gettext_lazy("Beat"),
    "brand": gettext_lazy("Brand"), "hsn": gettext_lazy("HSN"), "mrp": gettext_lazy("MRP"),
    "unit": gettext_lazy("Unit"), "case": gettext_lazy("Pieces in a case"),
}  # fmt: skip


@page()
def twins(request: HttpRequest) -> HttpResponseBase:
    """Pairs that wait, and those that were decided."""
    counts = count_twins()
    kind, decided = _wanted(request)
    shown = Paginator(list_twins(kind, _states(decided)), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "inventory/data/twins.html",
        {
            "page": shown,
            "pairs": _pairs(list(shown)),
            "decided": decided,
            "counts": counts,
            "tabs": _tabs(decided, kind, counts),
            "kinds": list(_KINDS.items()),
            "kind": kind,
            "look": latest_look(),
        },
    )


def _wanted(request: HttpRequest) -> tuple[str, bool]:
    """The kind that is asked for, and whether the decided ones are."""
    kind = request.GET.get("kind", "")
    return kind if kind in _KINDS else "", request.GET.get("show") == "decided"


def _states(decided: bool) -> tuple[str, ...]:
    return (Twins.State.MERGED, Twins.State.KEPT_APART) if decided else (Twins.State.OFFERED,)


@page()
def twins_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The pairs of the page's filter, with why they are thought to be one."""
    kind, decided = _wanted(request)
    heads = [
        _("Kind"), _("Stays"), _("The other"), _("Likeness"), _("Certain"), _("Why"), _("State"),
        _("Decided by"), _("Decided"), _("Found"),
    ]  # fmt: skip
    lines = lines_of(list_twins(kind, _states(decided)), _line)
    return sheet(lines, heads, form, name="twins", title=_("Twins"))


def _line(row: Twins) -> list[Any]:
    return [
        str(_KINDS[row.kind]), row.kept, row.other, round(row.likeness, 3), _("yes") if row.certain else "",
        ", ".join(_reason(one)["text"] for one in row.reasons), str(sign(row.state).label),
        row.decided_by_name, row.decided_at, row.found_at,
    ]  # fmt: skip


def _tabs(decided: bool, kind: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    done = counts[Twins.State.MERGED] + counts[Twins.State.KEPT_APART]
    shown = (("", _("To decide"), counts[Twins.State.OFFERED]), ("decided", _("Decided"), done))
    return [
        {"label": label, "url": f"?show={name}&kind={kind}", "active": (name == "decided") == decided,
         "count": count}
        for name, label, count in shown
    ]  # fmt: skip


def _pairs(rows: list[Twins]) -> list[dict[str, Any]]:
    today = ist_day(timezone.now())
    sides = {
        kind: list_sides(
            kind, [code for row in rows if row.kind == kind for code in (row.kept, row.other)], today
        )
        for kind in {row.kind for row in rows}
    }
    return [
        {
            "row": row,
            "label": _KINDS[row.kind],
            "reasons": [_reason(one) for one in row.reasons],
            "sides": [_side(code, sides[row.kind].get(code)) for code in (row.kept, row.other)],
            "facts": _facts(row, sides[row.kind]),
        }
        for row in rows
    ]


def _reason(one: dict[str, Any]) -> dict[str, Any]:
    tone, words = _SIGNS[Sign(one["sign"])]
    text = str(words)
    return {"tone": tone, "text": text % one["value"] if "%s" in text else text}


def _side(code: str, side: Side | None) -> Side:
    return side or Side(code, "", ())


def _facts(row: Twins, sides: dict[str, Side]) -> list[dict[str, Any]]:
    """Facts of both side by side; which of them differ."""
    kept, other = (dict(_side(code, sides.get(code)).facts) for code in (row.kept, row.other))
    return [
        {"code": name, "label": _FACTS[name], "kept": kept[name], "other": other.get(name, ""),
         "differs": kept[name] != other.get(name, "")}
        for name in kept
        if kept[name] or other.get(name)
    ]  # fmt: skip


@page(May.FEED)
@require_POST
def decide(request: HttpRequest, twins_id: int, verb: str) -> HttpResponseBase:
    """Keep the one or the other, keep both apart, or take apart what was merged."""
    row, actor, now = get_twins(twins_id), person(request).actor, timezone.now()

    def merge(keep: str, other: str) -> None:
        merge_twins(kind=RecordKind(row.kind), keep=keep, other=other, actor=actor, at=now)

    pair = {"kept": row.kept, "other": row.other}
    swapped = {"kept": row.other, "other": row.kept}
    done = _("%(other)s is another name of %(kept)s from now on.")
    if verb == "left":
        attempt(request, lambda: merge(row.kept, row.other), done % pair)
    elif verb == "right":
        attempt(request, lambda: merge(row.other, row.kept), done % swapped)
    elif verb == "apart":
        said = _("%(kept)s and %(other)s stay two and are not offered again.") % pair
        attempt(request, lambda: keep_apart(row.pk, actor=actor, at=now), said)
    else:
        said = _("%(kept)s and %(other)s are two again, each with what it had.") % pair
        attempt(request, lambda: take_apart(row.pk, actor=actor, at=now), said)
    return back(request, "inventory:twins")


@page(May.FEED)
@require_POST
def bulk(request: HttpRequest) -> HttpResponseBase:
    """Merge what is certain: the same GSTIN and the same phone."""
    actor: Actor = person(request).actor
    done, refused = merge_certain(actor=actor, at=timezone.now())
    if done:
        text = ngettext("%(n)d pair was merged.", "%(n)d pairs were merged.", len(done))
        messages.success(request, text % {"n": len(done)})
    for error in refused[:3]:
        messages.error(request, say(error.message))
    return back(request, "inventory:twins")
