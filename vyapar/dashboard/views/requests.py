"""Calls of the API as they came in: what an integrator asks about when something did not work."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from vyapar.dashboard.access import page
from vyapar.gateway.selectors import list_calls, list_keys
from vyapar.people.contracts import May

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@page(May.OPERATE)
def requests(request: HttpRequest) -> HttpResponseBase:
    """Calls, newest first, by words, caller, outcome and method."""
    wanted = {name: request.GET.get(name, "").strip()[:120] for name in ("q", "caller", "outcome", "method")}
    wanted = {name: text.replace("\x00", "") for name, text in wanted.items()}
    rows = list_calls(
        words=wanted["q"], caller=wanted["caller"], outcome=wanted["outcome"], method=wanted["method"]
    )
    return render(
        request,
        "dashboard/requests.html",
        {
            "page": Paginator(rows, 50).get_page(request.GET.get("page")),
            "wanted": wanted,
            "keys": list_keys(),
            "methods": _METHODS,
        },
    )
