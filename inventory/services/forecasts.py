"""Forecasts put in force with the model that made them; overrides set, dropped and measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from inventory.forecasting import Forecast
from inventory.forecasting.overrides import baseline_over, factor_of
from inventory.models import (
    Category,
    DailyDemand,
    DemandForecast,
    ForecastModel,
    ForecastOverride,
    ForecastScore,
    Sku,
    Territory,
)
from inventory.selectors.overrides import override_of, read_baseline
from inventory.selectors.said import find_said
from inventory.services.outliers import keep_outliers
from inventory.services.staging import array_text, run, staged, take_turns
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused

#: A factor above this is a slip of the finger; days ahead that an override may begin.
MOST_FACTOR, MOST_DAYS = 20.0, 366
_TYPES = {
    "sku_id": "bigint",
    "territory_id": "bigint",
    "pattern": "text",
    "method": "text",
    "weekly_mean": "double precision[]",
    "dispersion": "double precision",
    "rests_on": "text",
}
_KEEP = """
INSERT INTO inventory_demandforecast
    (sku_id, territory_id, cycle_id, as_of, pattern, method, weekly_mean, dispersion, rests_on)
SELECT sku_id, territory_id, %s, %s, pattern, method, weekly_mean, dispersion, rests_on::jsonb FROM {found}
ORDER BY sku_id, territory_id
ON CONFLICT (sku_id, territory_id) DO UPDATE SET
    cycle_id = excluded.cycle_id, as_of = excluded.as_of, pattern = excluded.pattern,
    method = excluded.method, weekly_mean = excluded.weekly_mean, dispersion = excluded.dispersion,
    rests_on = excluded.rests_on
"""


@transaction.atomic
def keep_forecasts(found: Forecast, *, cycle_id: int) -> int:
    """Put a forecast in force, its model and the back-test behind it on record, with the outliers that it
    found; returns the series kept.

    What the forecast does not name has neither sales nor stock any more and loses its forecast.
    """
    skus = dict(Sku.objects.values_list("code", "pk"))
    territories = dict(Territory.objects.values_list("code", "pk"))
    frame = pl.DataFrame(
        {
            "sku_id": [skus[sku] for sku, _place in found.series_keys],
            "territory_id": [territories[territory] for _sku, territory in found.series_keys],
            "pattern": [found.pattern_of(n).value for n in range(len(found.series_keys))],
            "method": [found.method_of(n) for n in range(len(found.series_keys))],
            "weekly_mean": found.weekly_mean.tolist(),
            "dispersion": found.dispersion,
            "rests_on": [
                json.dumps(found.rests_on[n]) if n in found.rests_on else None
                for n in range(len(found.series_keys))
            ],
        },
        schema_overrides={"weekly_mean": pl.List(pl.Float64), "rests_on": pl.String},
    )
    with staged(frame.with_columns(array_text("weekly_mean")), _TYPES) as table:
        kept = run(_KEEP.format(found=table), [cycle_id, found.as_of])
    run("DELETE FROM inventory_demandforecast WHERE cycle_id <> %s", [cycle_id])
    _keep_record(found, cycle_id)
    keep_outliers(found)
    return kept


def _keep_record(found: Forecast, cycle_id: int) -> None:
    ForecastScore.objects.filter(cycle_id=cycle_id).delete()
    ForecastScore.objects.bulk_create(
        ForecastScore(
            cycle_id=cycle_id, as_of=found.as_of, level=score.level, pattern=score.pattern,
            method=score.method, chosen=score.chosen, series=score.rows, metrics=dict(score.metrics()),
        )
        for score in (*found.scores, *found.tiers)
    )  # fmt: skip
    ForecastModel.objects.update_or_create(
        cycle_id=cycle_id,
        defaults={
            "as_of": found.as_of,
            "version": found.plan.version,
            "data_from": found.as_of - timedelta(days=found.history_days),
            "data_to": found.as_of - timedelta(days=1),
            "series": len(found.series_keys),
            "examples": found.examples,
            "features": list(found.features),
            "plan": found.plan.as_json(),
            "effects": [*_festivals(found), *_others(found)],
            "promoted": found.promotion.promoted,
            "reason": found.promotion.reason,
            "figure": found.promotion.figure,
            "figure_in_force": found.promotion.in_force,
        },
    )


def _festivals(found: Forecast) -> list[dict[str, Any]]:
    """Festivals in plain form, with factors by code of category instead of number of group."""
    members = dict(zip(found.group.tolist(), (sku for sku, _place in found.series_keys), strict=True))
    named = dict(Sku.objects.filter(code__in=members.values()).values_list("code", "category__code"))
    return [
        {
            "festival": one.festival, "seen": one.seen, "stands": one.stands, "reason": one.reason,
            "gain": one.gain,
            "factors": {named[sku]: one.factors[group] for group, sku in sorted(members.items())},
        }
        for one in found.festivals
    ]  # fmt: skip


def _others(found: Forecast) -> list[dict[str, Any]]:
    """Effects beside festivals in plain form; that of weekdays with the shares of each territory."""
    shares = {"shares": {territory: list(week) for territory, week in found.weekdays.items()}}
    return [asdict(one) | (shares if one.effect == "weekdays" else {}) for one in found.effects]


# --- overrides -----------------------------------------------------------------------------


@transaction.atomic
def set_override(
    *,
    level: str,
    from_date: date,
    to_date: date,
    reason: str,
    actor: Actor,
    at: datetime,
    sku: str = "",
    category: str = "",
    territory: str = "",
    factor: float | None = None,
    pieces: int | None = None,
) -> ForecastOverride:
    """Say what is known better than the baseline, from one day to another, both included.

    Either a factor of the baseline or pieces in all. What the baseline and the override expect now is
    kept, so that both can be set against what will have been sold. What somebody says that stands already,
    in the same words, is said once: the one that stands is returned. `Invalid` names each field that is
    missing, unknown or out of range.
    """
    row = try_override(
        level=level, from_date=from_date, to_date=to_date, reason=reason, actor=actor, at=at, sku=sku,
        category=category, territory=territory, factor=factor, pieces=pieces,
    )  # fmt: skip
    take_turns("forecast overrides")
    if (standing := find_said(ForecastOverride.objects.filter(dropped_at=None), row, _ALIKE)) is not None:
        return standing
    row.save()
    _tell("ForecastOverridden", row, actor, at)
    return row


#: Two overrides that agree in these say the same.
_ALIKE = (
    "level", "sku", "category", "territory", "from_date", "to_date", "factor", "pieces", "reason",
    "actor_ref",
)  # fmt: skip


def try_override(
    *,
    level: str,
    from_date: date,
    to_date: date,
    reason: str,
    actor: Actor,
    at: datetime,
    sku: str = "",
    category: str = "",
    territory: str = "",
    factor: float | None = None,
    pieces: int | None = None,
) -> ForecastOverride:
    """The override that `set_override` would keep, with what is expected without and with it; not kept."""
    faults = _faults(level, from_date, to_date, reason, factor, pieces, ist_day(at))
    places, more = _places(level, sku, category, territory)
    if faults or more:
        raise Invalid(_("The override cannot be made so"), code="bad_override", faults=[*faults, *more])
    row = ForecastOverride(
        level=level, from_date=from_date, to_date=to_date, factor=factor, pieces=pieces,
        reason=" ".join(reason.split()), actor_ref=actor.ref, made_at=at,
        sku=places[0], category=places[1], territory=places[2],
    )  # fmt: skip
    one = override_of(row)
    weekly, starts, whose = read_baseline(DemandForecast.objects.all())
    baseline = baseline_over(weekly, starts, whose, one)
    if pieces and baseline <= 0:
        message = _("nothing is forecast there on these days, so pieces cannot be shared out")
        fault = Fault("no_baseline", message, "pieces", value=str(pieces))
        raise Invalid(message, code="bad_override", faults=[fault])
    row.baseline_pieces = baseline
    row.adjusted_pieces = baseline * factor_of(one, baseline)
    return row


@transaction.atomic
def change_override(
    override_id: int,
    *,
    from_date: date,
    to_date: date,
    reason: str,
    actor: Actor,
    at: datetime,
    factor: float | None = None,
    pieces: int | None = None,
) -> ForecastOverride:
    """Put another in the place of one that holds: the old one is dropped and stays on record.

    `NotFound`, `Refused` and `Invalid` as of `drop_override` and `set_override`.
    """
    old = drop_override(override_id, actor=actor, at=at)
    return set_override(
        level=old.level, sku=old.sku.code if old.sku else "",
        category=old.category.code if old.category else "",
        territory=old.territory.code if old.territory else "",
        from_date=from_date, to_date=to_date, factor=factor, pieces=pieces, reason=reason, actor=actor,
        at=at,
    )  # fmt: skip


@transaction.atomic
def drop_override(override_id: int, *, actor: Actor, at: datetime) -> ForecastOverride:
    """Take an override back; the baseline holds again. `NotFound`; `Refused` when it was dropped before."""
    row = ForecastOverride.objects.select_for_update().filter(pk=override_id).first()
    if row is None:
        raise NotFound(_("there is no such override"), code="no_such_override")
    if row.dropped_at:
        raise Refused(_("the override was dropped before"), code="already_dropped")
    row.dropped_at, row.dropped_by = at, actor.ref
    row.save(update_fields=["dropped_at", "dropped_by"])
    _tell("ForecastOverrideDropped", row, actor, at)
    return row


@transaction.atomic
def measure_overrides(*, at: datetime) -> int:
    """Set overrides whose days are over against what was sold; returns how many were measured."""
    due = ForecastOverride.objects.filter(
        dropped_at__isnull=True, measured_at__isnull=True, to_date__lt=ist_day(at)
    )
    count = 0
    for row in due.select_for_update():
        sold = DailyDemand.objects.filter(day__gte=row.from_date, day__lte=row.to_date)
        if row.sku_id:
            sold = sold.filter(sku_id=row.sku_id)
        if row.territory_id:
            sold = sold.filter(territory_id=row.territory_id)
        if row.category_id:
            sold = sold.filter(sku__category_id=row.category_id)
        row.actual_pieces = max(sold.aggregate(sold=Sum("quantity"))["sold"] or 0, 0)
        row.measured_at = at
        row.save(update_fields=["actual_pieces", "measured_at"])
        count += 1
    return count


_NAMED = {
    "item": ("sku", "territory"), "sku": ("sku",), "category": ("category",), "territory": ("territory",),
    "all": (),
}  # fmt: skip


def _places(
    level: str, sku: str, category: str, territory: str
) -> tuple[tuple[Sku | None, Category | None, Territory | None], list[Fault]]:
    given = {"sku": sku, "category": category, "territory": territory}
    wanted = _NAMED.get(level, ())
    faults = [
        Fault("not_of_level", _("this level has none; leave it out"), name, value=value[:60])
        for name, value in given.items()
        if value and name not in wanted
    ]
    found = (
        Sku.objects.filter(code=sku).first() if "sku" in wanted else None,
        Category.objects.filter(code=category).first() if "category" in wanted else None,
        Territory.objects.filter(code=territory).first() if "territory" in wanted else None,
    )
    for (name, value), row in zip(given.items(), found, strict=True):
        if name in wanted and row is None:
            faults.append(Fault("unknown", _("give one that is known"), name, value=value[:60]))
    return found, faults


def _faults(
    level: str,
    first: date,
    last: date,
    reason: str,
    factor: float | None,
    pieces: int | None,
    today: date,
) -> list[Fault]:
    faults = []
    if level not in _NAMED:
        faults.append(Fault("unknown", _("one of %(levels)s") % {"levels": ", ".join(_NAMED)}, "level"))
    if last < first or last < today or first > today + timedelta(days=MOST_DAYS):
        message = _("days must be in order, not all past, and begin within a year")
        faults.append(Fault("bad_days", message, "toDate", value=last.isoformat()))
    if not 0 < len(" ".join(reason.split())) <= 300:
        faults.append(Fault("no_reason", _("say why, in 1 to 300 letters"), "reason"))
    if (factor is None) == (pieces is None):
        faults.append(Fault("one_of_two", _("give a factor or pieces, one of them"), "factor"))
    if factor is not None and not 0 <= factor <= MOST_FACTOR:
        faults.append(Fault("out_of_range", _("0 to 20"), "factor", value=str(factor)))
    if pieces is not None and not 0 <= pieces <= 10**12:
        faults.append(Fault("out_of_range", _("whole pieces, none or more"), "pieces", value=str(pieces)))
    return faults


def _tell(verb: str, row: ForecastOverride, actor: Actor, at: datetime) -> None:
    append_audit(
        actor=actor, verb=verb, subject=f"override:{row.pk}", at=at,
        after={
            "level": row.level, "from": row.from_date.isoformat(), "to": row.to_date.isoformat(),
            "factor": None if row.factor is None else str(row.factor), "pieces": row.pieces,
            "baseline": str(round(row.baseline_pieces, 3)), "reason": row.reason,
        },
    )  # fmt: skip
