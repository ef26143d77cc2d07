"""A past day played again: what would have been flagged then, what became of it, as a report with plots."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import floor
from typing import Any
from uuid import uuid4

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.template.loader import render_to_string

from inventory.agent import monitoring
from inventory.agent.monitoring import MonitoringOutcome
from inventory.contracts import NO_DAY, STATUSES, StockStatus
from inventory.feeds.files.writing import write_csv
from inventory.forecasting import forecast
from inventory.impact import WAYS
from inventory.impact.calibration import brier, reliability
from inventory.impact.verdict import Verdict, judge, pairs
from inventory.models import Batch, ReplayReport, Sku, Territory
from inventory.selectors.demand import take_demand_snapshot
from inventory.selectors.outcomes import waiting_replays
from inventory.selectors.past import Became, PastBook, last_known_day, take_past_snapshot, what_became
from vyapar.engine.asked import mine
from vyapar.engine.selectors import get_policy
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_instant
from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.selectors import current_distributor

#: How long after the day is looked at; a day so near that less is known is refused below the least.
WINDOW_DAYS, LEAST_DAYS = 90, 14
FOLDER = "replays"
_WIDTH, _HEIGHT, _ROWS = 700, 240, 40


@dataclass(frozen=True, slots=True, eq=False)
class _Played:
    """The day played again, and what became of it."""

    book: PastBook
    outcome: MonitoringOutcome
    became: Became
    until: date


def replay(day: date, *, actor: Actor, at: datetime, asked: ReplayReport | None = None) -> ReplayReport:
    """Play a past day again and keep the report, in the place of the row by which it was `asked` for; nothing
    else is written.

    The snapshot is rebuilt from the ledger and the sales as they stand today: rows that came late are
    in it. `Refused` when history does not reach back to the day, or not far enough beyond it.
    """
    played = _play(day)
    batches, items = _verdicts(played)
    figures = _figures(played, batches, items)
    folder = _folder(day, asked)
    told = _context(played, batches, items, figures, at)
    page = render_to_string("inventory/papers/replay_report.html", told)
    table = write_csv(_rows(played), _HEADS)
    kept = [
        default_storage.save(f"{folder}/report.html", ContentFile(page.encode())),
        default_storage.save(f"{folder}/rows.csv", ContentFile(table)),
    ]
    try:
        return _keep(played, figures, folder, actor, at, asked)
    except BaseException:
        for name in kept:
            default_storage.delete(name)
        raise


@transaction.atomic
def _keep(
    played: _Played,
    figures: dict[str, Any],
    folder: str,
    actor: Actor,
    at: datetime,
    asked: ReplayReport | None,
) -> ReplayReport:
    if asked is not None and not mine(waiting_replays(), asked).delete()[0]:
        raise Refused(_("another worker has played the day meanwhile"), code="taken_over")
    report = ReplayReport.objects.create(
        day=played.book.snapshot.as_of, until=played.until, made_at=at, figures=figures, folder=folder
    )
    append_audit(actor=actor, verb="DayReplayed", subject=f"replay:{report.pk}", at=at, after=figures)
    return report


def _folder(day: date, asked: ReplayReport | None) -> str:
    """Where the report goes: beside nothing that a worker left who died over the same wish."""
    if asked is None:
        return f"{FOLDER}/{day.isoformat()}-{uuid4().hex[:8]}"
    own = f"{day.isoformat()}-{asked.pk.hex[:8]}"
    for left in default_storage.listdir(FOLDER)[0] if default_storage.exists(FOLDER) else ():
        if left.startswith(own):
            for name in default_storage.listdir(f"{FOLDER}/{left}")[1]:
                default_storage.delete(f"{FOLDER}/{left}/{name}")
            default_storage.delete(f"{FOLDER}/{left}")
    return f"{FOLDER}/{own}-{asked.attempts}"


def check_day(day: date) -> date:
    """The last day with a sale; `Refused` when it is not far enough beyond `day` to tell what came of it."""
    known = last_known_day()
    if known is None or (known - day).days < LEAST_DAYS:
        raise _too_near(day, known)
    return known


def _play(day: date) -> _Played:
    known = check_day(day)
    analysis, _version = get_policy("analysis", day)
    policy, _version = get_policy("monitoring", day)
    demand = take_demand_snapshot(ist_instant(day), analysis)
    if demand is None:
        fault = Fault(
            "no_history", _("a day with two weeks of sales or more before it"), "day", value=str(day)
        )
        raise Refused(_("sales do not reach back to that day"), code="no_history", faults=[fault])
    book = take_past_snapshot(day, forecast(demand, analysis))
    if book is None:
        fault = Fault("no_history", _("a day on which the ledger has stock"), "day", value=str(day))
        raise Refused(_("no stock is known of that day"), code="no_history", faults=[fault])
    until = min(day + timedelta(days=WINDOW_DAYS - 1), known)
    outcome: MonitoringOutcome = monitoring.decide(book.snapshot, policy).outcome
    return _Played(book, outcome, what_became(book, until), until)


def _too_near(day: date, known: date | None) -> Refused:
    message = (
        _(
            "a day not after %(last)s, so that something is known since",
            last=(known - timedelta(days=LEAST_DAYS)).isoformat(),
        )
        if known
        else _("no sale is known yet: load sales first")
    )
    fault = Fault("too_near", message, "day", value=str(day))
    return Refused(_("too little is known of what came after that day"), code="too_near", faults=[fault])


# --- verdicts ------------------------------------------------------------------------------


def _judged(played: _Played) -> np.ndarray:
    """(positions,): batches whose last day of sale lies within the window, so that the end is known."""
    snapshot, found = played.book.snapshot, played.outcome.exposure
    dated = (snapshot.expiry_day < NO_DAY) & (snapshot.expiry_day <= played.until.toordinal())
    return np.asarray(dated & ~found.expired & (snapshot.on_hand > 0))


def _verdicts(played: _Played) -> tuple[Verdict, Verdict]:
    """Of batches (flagged: more likely than not to expire unsold) and of items (flagged: dead)."""
    snapshot, outcome, became = played.book.snapshot, played.outcome, played.became
    mine = _judged(played)
    predicted = np.round(outcome.exposure.expected_unsold * snapshot.cost_paise).astype(np.int64)
    lost = became.left * snapshot.cost_paise
    batches = judge(
        outcome.exposure.probability_unsold[mine] >= 0.5, became.left[mine] > 0, predicted[mine], lost[mine]
    )
    stocked = outcome.on_hand > 0
    dead = outcome.status == STATUSES.index(StockStatus.DEAD)
    items = judge(
        dead[stocked], became.sale_days[stocked] == 0, outcome.value_paise[stocked],
        outcome.value_paise[stocked],
    )  # fmt: skip
    return batches, items


def _figures(played: _Played, batches: Verdict, items: Verdict) -> dict[str, Any]:
    mine = _judged(played)
    chances = played.outcome.exposure.probability_unsold[mine]
    happened = (played.became.left[mine] > 0).astype(np.float64)
    return {
        "positions": played.book.snapshot.positions,
        "batches": _plain(batches),
        "items": _plain(items),
        "brier": round(brier(chances, happened), 4),
        "at_risk_paise": int(played.outcome.at_risk_paise.sum()),
        "loss_paise": int(played.outcome.loss_paise.sum()),
        "avoidable_paise": _avoidable(played.outcome),
        "written_off_paise": int((played.became.written_off * played.book.snapshot.cost_paise).sum()),
    }


def _avoidable(outcome: MonitoringOutcome) -> int:
    """Paise that the best way out of every lot brings over doing nothing, by the figures of the day."""
    ways = outcome.priced.ways
    best = np.take_along_axis(ways.net, ways.best()[None, :], axis=0)[0]
    return int((best - ways.fallback()).sum())


def _plain(verdict: Verdict) -> dict[str, Any]:
    shares = {name: getattr(verdict, name) for name in ("precision", "recall", "rupee_recall")}
    return asdict(verdict) | {name: None if n is None else round(n, 4) for name, n in shares.items()}


# --- the report ----------------------------------------------------------------------------

_HEADS = (
    "sku", "name", "territory", "location", "batch", "pieces", "cost_rupees", "last_day_of_sale", "status",
    "score", "chance_unsold", "expected_unsold", "at_risk_pieces", "loss_rupees", "best_way", "sold_since",
    "left_at_end", "written_off_since", "lost_rupees",
)  # fmt: skip


def _rows(played: _Played) -> list[list[Any]]:
    """Every position, the largest loss first."""
    snapshot, outcome, became = played.book.snapshot, played.outcome, played.became
    best = outcome.ways.best()
    numbers = dict(Batch.objects.values_list("pk", "number"))
    names = dict(Sku.objects.values_list("code", "name"))
    places = dict(Territory.objects.values_list("code", "name"))
    rows = []
    for n in np.argsort(-outcome.loss.total, kind="stable").tolist():
        item = int(snapshot.position_item[n])
        needs = int(outcome.lots.quantity[n]) > 0
        expiry = int(snapshot.expiry_day[n])
        rows.append([
            (sku := snapshot.skus[snapshot.item_sku[item]]), names[sku],
            places[snapshot.territories[snapshot.item_territory[item]]],
            snapshot.locations[snapshot.location[n]], numbers[int(snapshot.batch_id[n])],
            int(snapshot.on_hand[n]),
            _rupees(snapshot.cost_paise[n]), date.fromordinal(expiry) if expiry < NO_DAY else None,
            STATUSES[int(outcome.status[item])].value, outcome.scores.points(item),
            round(float(outcome.exposure.probability_unsold[n]), 4),
            round(float(outcome.exposure.expected_unsold[n]), 2), int(outcome.exposure.at_risk[n]),
            _rupees(outcome.loss.total[n]), WAYS[int(best[n])] if needs else "", int(became.sold[n]),
            int(became.left[n]), int(became.written_off[n]),
            _rupees(became.left[n] * snapshot.cost_paise[n] if _is_over(played, n) else 0),
        ])  # fmt: skip
    return rows


def _shown(row: dict[str, Any], day: date) -> dict[str, Any]:
    """A row with whether it had expired by the day, and its loss as pages write money."""
    last = row["last_day_of_sale"]
    gone = last is not None and last < day
    return row | {"gone": gone, "loss_paise": int(row["loss_rupees"].scaleb(2))}


def _rupees(paise: Any) -> Decimal:
    """Paise of an array as exact rupees with two decimals."""
    return Decimal(int(paise)).scaleb(-2)


def _is_over(played: _Played, position: int) -> bool:
    return int(played.book.snapshot.expiry_day[position]) <= played.until.toordinal()


def _context(
    played: _Played, batches: Verdict, items: Verdict, figures: dict[str, Any], at: datetime
) -> dict[str, Any]:
    mine, snapshot = _judged(played), played.book.snapshot
    happened = (played.became.left[mine] > 0).astype(np.float64)
    bands = reliability(played.outcome.exposure.probability_unsold[mine], happened)
    return {
        "distributor": current_distributor().name,
        "day": snapshot.as_of,
        "until": played.until,
        "at": at,
        "batches": batches,
        "items": items,
        "figures": figures,
        "judged": int(mine.sum()),
        "caught_share": _share(batches.rupee_recall),
        "bands": bands,
        "dots": [
            (round(band.expected * _HEIGHT), round((1 - band.happened) * _HEIGHT), band) for band in bands
        ],
        "weeks": pairs(
            _by_week(played, flagged=True), _by_week(played, flagged=False), width=_WIDTH, height=_HEIGHT
        ),
        "quarters": [(_HEIGHT * n // 4, 100 - 25 * n) for n in range(5)],
        "rows": [
            _shown(dict(zip(_HEADS, row, strict=True)), snapshot.as_of) for row in _rows(played)[:_ROWS]
        ],
        "width": _WIDTH,
        "height": _HEIGHT,
    }


def _share(part: float | None) -> str:
    """A share of 1 in percent, cut after a tenth: what is not all of it is never called 100 %."""
    return "" if part is None else f"{floor(1000 * part) / 10:g}%"


def _by_week(played: _Played, *, flagged: bool) -> list[tuple[str, int]]:
    """Paise by week of expiry in the window: expected to expire unsold, or what did."""
    snapshot, mine = played.book.snapshot, _judged(played)
    pieces = played.outcome.exposure.expected_unsold if flagged else played.became.left
    paise = np.round(pieces * snapshot.cost_paise).astype(np.int64)
    weeks = (snapshot.expiry_day - snapshot.today) // 7
    last = (played.until - snapshot.as_of).days // 7
    return [
        (
            (snapshot.as_of + timedelta(days=7 * week)).strftime("%d %b"),
            int(paise[mine & (weeks == week)].sum()),
        )
        for week in range(last + 1)
    ]
