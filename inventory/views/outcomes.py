"""The outcomes page: what was predicted against what happened, what was learnt, past days played again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import polars as pl
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from inventory.agent.learnt import RATES
from inventory.contracts import MonitoringPolicy
from inventory.contracts.outcomes import UNCHANGED, Factor, Predicted
from inventory.feeds.files.writing import XLSX, write_xlsx
from inventory.models import LearntFactor, ReplayReport
from inventory.selectors.impact import ImpactDay, list_expiring_loss, list_impact_trend
from inventory.selectors.months import Month, list_months
from inventory.selectors.outcomes import (
    Outcome,
    list_asked_replays,
    list_factors,
    list_outcomes,
    list_replays,
    with_before,
)
from inventory.services.asked_replays import ask_replay
from inventory.services.replay import LEAST_DAYS
from inventory.tasks import play_day
from vyapar.dashboard import board
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.board import NavItem
from vyapar.dashboard.sheets import Table, answer, rupees, sheet
from vyapar.dashboard.templatetags.words import plain, way_label
from vyapar.engine.asked import wake
from vyapar.engine.selectors import get_policy
from vyapar.gateway.renderers import attachment
from vyapar.gateway.speech import reader_language
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import May

TREND_DAYS = 180
#: Columns of a replay's rows that look like numbers and are none.
_CODES = {"sku": pl.String, "batch": pl.String, "territory": pl.String, "location": pl.String}
_FILES = {"report": "report.html", "rows": "rows.csv"}


@page()
def outcomes(request: HttpRequest) -> HttpResponseBase:
    """Each kind of prediction with its calibration, the factors in force, losses by date, the replays."""
    today = ist_day(timezone.now())
    rows = list_outcomes()
    policy, _version = get_policy("monitoring")
    return render(
        request,
        "inventory/outcomes.html",
        {
            "outcomes": [(row, _what(row), (row.factor_bp or 0) / 100) for row in rows],
            "factors": [_learnt(row, before, policy) for row, before in _in_force()],
            "settled": any(row.settled for row in rows),
            "learning": policy.learning,
            "months": _months(list_months()),
            "trend": _trend(list_impact_trend(today - timedelta(days=TREND_DAYS))),
            "expiring": list_expiring_loss(today),
            "replays": list_replays(),
            "asked": list_asked_replays(),
            "replay_day": request.GET.get("day", "")[:10] or (today - timedelta(days=90)).isoformat(),
            "last_day": today - timedelta(days=LEAST_DAYS),
        },
    )


@page()
def months_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """A line for each kind of prediction and month, and one for each tenth of its chances."""
    return answer(months_table(request.GET), form)


def months_table(given: QueryDict) -> Table:
    """What was told and what happened, month by month; the page has no filter."""
    heads = [
        _("Month"), _("Prediction"), _("Agent"), _("Chances from, %"), _("to, %"), _("Settled"),
        _("Expected"), _("Happened"), _("Happened more often by, %"), _("Brier score"),
        _("Within the interval, %"), _("Predicted, ₹"), _("Realised, ₹"),
    ]  # fmt: skip
    lines = (line for one in list_months() for line in _lines(one))
    return Table(heads, lines, "outcomes-by-month", _("Outcomes by month"))


@page()
def outcomes_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The table of predictions against what happened, a line for each kind."""
    return answer(outcomes_table(request.GET), form)


def outcomes_table(given: QueryDict) -> Table:
    """What was told and what happened by kind of prediction; the page has no filter."""
    heads = [
        _("Prediction"), _("Agent"), _("Waiting"), _("Settled"), _("Left out: somebody acted"), _("Expected"),
        _("Happened"), _("Brier score"), _("Predicted, ₹"), _("Realised, ₹"), _("Comes true, %"),
    ]  # fmt: skip
    lines = [
        [
            _what(row), plain(row.agent), row.waiting, row.settled, row.disturbed,
            *((round(row.expected, 2), round(row.happened, 2)) if row.settled else (None, None)),
            None if row.brier is None else round(row.brier, 4),
            *(rupees(n) if row.is_money else None for n in (row.predicted_paise, row.realised_paise)),
            None if row.factor_bp is None or row.signs_differ else row.factor_bp / 100,
        ]
        for row in list_outcomes()
    ]  # fmt: skip
    return Table(heads, lines, "outcomes", _("Outcomes"))


@page()
def expiring_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """What will expire unsold if nothing is done, week by week."""
    heads = [_("Week from"), _("Batches"), _("Pieces"), _("Loss, ₹"), _("Avoidable, ₹")]
    lines = [
        [week.starts, week.batches, week.whole_pieces, rupees(week.loss_paise), rupees(week.avoidable_paise)]
        for week in list_expiring_loss(ist_day(timezone.now()))
    ]
    return sheet(lines, heads, form, name="expiring", title=_("What will expire unsold"))


@page()
def learnt_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Every correction that was learnt, newest first within each."""
    heads = [_("What"), _("Version"), _("Before, %"), _("Correction, %"), _("Seen"), _("Since")]
    lines = [
        [_factor(row.name), row.version, before / 100, row.factor_bp / 100, row.seen, row.learnt_at]
        for row, before in with_before(list_factors())
    ]
    return sheet(lines, heads, form, name="learnt", title=_("What was learnt"))


def _lines(one: Month) -> Iterator[list[Any]]:
    head = [f"{one.month:%Y-%m}", _what(one), plain(one.agent)]
    is_money = one.kind in (Predicted.ACTION, Predicted.EXPIRY)
    yield [
        *head, None, None, one.settled, round(one.expected, 2), round(one.happened, 2), _hundredths(one.gap),
        None if one.brier is None else round(one.brier, 4), _hundredths(one.within),
        *(rupees(n) if is_money else None for n in (one.predicted_paise, one.realised_paise)),
    ]  # fmt: skip
    for band in one.bands:
        yield [
            *head, round(100 * band.low), round(100 * band.high), band.count,
            round(band.expected * band.count, 2), round(band.happened * band.count, 2),
            _hundredths(band.happened - band.expected), None, None, None, None,
        ]  # fmt: skip


def _hundredths(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


@page()
def replay_file(request: HttpRequest, replay_id: UUID, form: str) -> HttpResponse:
    """The report of a past day, or its rows, to keep."""
    report = ReplayReport.objects.filter(pk=replay_id).first()
    path = f"{report.folder}/{_FILES['rows' if form == 'xlsx' else form]}" if report else ""
    if report is None or not default_storage.exists(path):
        raise Http404
    with default_storage.open(path) as content:
        kept, named = content.read(), f"replay-{report.day.isoformat()}"
    if form == "xlsx":
        rows = pl.read_csv(kept, infer_schema_length=None, try_parse_dates=True, schema_overrides=_CODES)
        return attachment(write_xlsx(rows, rows.columns, title=named), f"{named}-rows.xlsx", XLSX)
    return attachment(kept, f"{named}-{_FILES[form]}")


@page(May.AUDIT)
@require_POST
def play_again(request: HttpRequest) -> HttpResponseBase:
    """Have a past day played again; its report stands on the page when a worker has played it."""
    me, now, given = person(request), timezone.now(), request.POST.get("day", "")[:10]
    try:
        day = date.fromisoformat(given)
    except ValueError:
        messages.error(request, _("Write a day"))
        return redirect("inventory:outcomes")

    def ask() -> None:
        asked = ask_replay(day, actor=me.actor, at=now, language=reader_language())
        wake(play_day, str(asked.pk))

    attempt(request, ask, _("The day is being played. Its report stands here in a minute or two."))
    return redirect(f"{reverse('inventory:outcomes')}#replays")


def _months(found: list[Month]) -> dict[str, object] | None:
    """How far what happened lay from what was told, month by month; nothing below two months."""
    told = {(one.kind, one.group, one.agent, one.month): one.gap for one in found if one.gap is not None}
    days = sorted({month for *_kind, month in told})
    if len(days) < 2:
        return None
    kinds = {(one.kind, one.group, one.agent): _what(one) for one in found if one.gap is not None}
    often = Counter(kinds.values())  # two agents may tell the same thing, each in its own way
    kinds = {key: f"{words} · {plain(key[2])}" if often[words] > 1 else words for key, words in kinds.items()}
    return {
        "kind": "line",
        "unit": "bp",
        "x": [f"{day:%Y-%m}" for day in days],
        "series": [
            {"name": words, "role": "actual" if number == 0 else "", "values": [
                None if (gap := told.get((*key, day))) is None else round(10_000 * gap) for day in days
            ]}
            for number, (key, words) in enumerate(kinds.items())
        ],
    }  # fmt: skip


def _what(row: Outcome | Month) -> str:
    """A kind of prediction in words."""
    way = str(way_label(row.group)) if row.group == "return_to_company" else plain(row.group)
    pattern = plain(row.group).lower()
    words = {
        Predicted.EXPIRY: _("Batch expires unsold, told %(group)s days ahead") % {"group": row.group},
        Predicted.DEAD: _("No sale within %(group)s days") % {"group": row.group},
        Predicted.DEMAND: _("Pieces sold in four weeks, %(group)s demand") % {"group": pattern},
        Predicted.ACTION: _("What a %(group)s brings") % {"group": way.lower()},
    }
    return str(words[Predicted(row.kind)])


def _in_force() -> list[tuple[LearntFactor, int]]:
    """The newest version of each correction with the one before it; the file has all of them."""
    newest: dict[str, tuple[LearntFactor, int]] = {}
    for row, before in with_before(list_factors()):
        newest.setdefault(row.name, (row, before))
    return list(newest.values())


def _learnt(row: LearntFactor, before: int, policy: MonitoringPolicy) -> dict[str, Any]:
    """A correction as the table shows it: before and after, and what a rule of now becomes by both."""
    rate, most = RATES.get(Factor(row.name), ("", 0))
    told = getattr(policy, rate, None)
    in_days = rate.endswith("_days")

    def become(bp: int) -> str:
        if told is None:
            return ""
        value = min(told * bp // UNCHANGED, most)
        return _("%(days)d days") % {"days": value} if in_days else f"{value / 100:.1f} %"

    return {
        "row": row,
        "words": _factor(row.name),
        "before": before / 100,
        "after": row.factor_bp / 100,
        "rate_before": become(before),
        "rate_after": become(row.factor_bp),
    }


def _factor(name: str) -> str:
    words = {
        Factor.SELL_THROUGH: _("What an offer clears"),
        Factor.CLAIM_SUCCESS: _("Share of a claim that the company credits"),
        Factor.CLAIM_DAYS: _("Days until the company credits a claim"),
        Factor.MOVED_SALES: _("What sells of a transfer where it went"),
        Factor.MOVED_DAYS: _("Days that a transfer is on the road"),
        Factor.MOVED_FREIGHT: _("What the carriage of a transfer is billed at"),
        Factor.EXPIRY: _("Chance that a batch expires unsold"),
    }
    return str(words[Factor(name)])


def _trend(days: list[ImpactDay]) -> dict[str, object] | None:
    """What doing nothing would cost, and what has expired, day by day; nothing below two days."""
    if len(days) < 2:
        return None
    names = {"loss_paise": _("Loss if nothing is done"), "expired_paise": _("Expired and still here")}
    return {
        "kind": "line",
        "unit": "paise",
        "dates": True,
        "x": [day.day.isoformat() for day in days],
        "series": [
            {"name": label, "role": role, "values": [day.sums[name] for day in days]}
            for (name, label), role in zip(names.items(), ("actual", ""), strict=True)
        ],
    }


def hang_outcomes() -> None:
    """Hang the page on the board."""
    board.hang(NavItem("inventory:outcomes", gettext_lazy("Outcomes"), "outcomes", 70))
