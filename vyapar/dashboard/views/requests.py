"""Calls of the API as they came in: what an integrator asks about when something did not work."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from vyapar.dashboard.access import page
from vyapar.dashboard.sheets import lines_of, sheet
from vyapar.gateway.models import ApiCall
from vyapar.gateway.selectors import list_calls, list_keys
from vyapar.people.contracts import May

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@page(May.OPERATE)
def requests(request: HttpRequest) -> HttpResponseBase:
    """Calls, newest first, by words, caller, outcome and method."""
    wanted = _wanted(request)
    return render(
        request,
        "dashboard/requests.html",
        {
            "page": Paginator(_rows(wanted), 50).get_page(request.GET.get("page")),
            "wanted": wanted,
            "keys": list_keys(),
            "methods": _METHODS,
        },
    )


@page(May.OPERATE)
def requests_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The calls of the page's filter."""
    heads = [
        _("When"), _("Who"), _("Whose sign"), _("Network"), _("Method"), _("Address"), _("Query"),
        _("Answer"), _("Code of the problem"), _("Given again"), _("Rows in"), _("Rows out"),
        _("Bytes in"), _("Bytes out"), _("ms"), _("Request id"),
    ]  # fmt: skip
    lines = lines_of(_rows(_wanted(request)), _line)
    return sheet(lines, heads, form, name="api-calls", title=_("Calls of the API"))


def _line(row: ApiCall) -> list[Any]:
    return [
        row.at, row.caller_name, row.caller, row.network, row.method, row.route, row.query, row.status,
        row.code, _("yes") if row.replayed else "", row.rows_in, row.rows_out, row.bytes_in, row.bytes_out,
        row.duration_ms, row.request_id,
    ]  # fmt: skip


def _wanted(request: HttpRequest) -> dict[str, str]:
    names = ("q", "caller", "outcome", "method")
    return {name: request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in names}


def _rows(wanted: dict[str, str]) -> QuerySet[ApiCall]:
    return list_calls(
        words=wanted["q"], caller=wanted["caller"], outcome=wanted["outcome"], method=wanted["method"]
    )
