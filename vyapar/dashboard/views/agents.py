"""The agents' page: cycles, reasons, autonomy, breakers, dead letters, the stop button."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError as QueueAway

from vyapar.dashboard.access import attempt, back, page, person
from vyapar.dashboard.sheets import lines_of, sheet
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.dashboard.templatetags.words import plain, sign
from vyapar.dashboard.views.home import agent_cards
from vyapar.engine import registry, services
from vyapar.engine.contracts import Mode
from vyapar.engine.models import Cycle, PassedOver
from vyapar.engine.selectors import (
    autonomy_of,
    count_deliveries,
    find_autonomy_change,
    is_live,
    list_cut_off,
    list_cycles,
    list_dead_letters,
    list_halts,
    list_passed_over,
    spent_alone_today_paise,
)
from vyapar.engine.tasks import run_cycle
from vyapar.gateway.speech import say
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Invalid, Unavailable
from vyapar.kernel.money import parse_rupees
from vyapar.messaging.contracts import CHANNEL_NAMES, Channel
from vyapar.messaging.selectors import breaker_states
from vyapar.people.contracts import May


@page()
def agents(request: HttpRequest) -> HttpResponseBase:
    """What each agent does, may do, and could not do."""
    today = ist_day(timezone.now())
    return render(
        request,
        "dashboard/agents.html",
        {
            "agents": agent_cards(),
            "live": is_live(),
            "kinds": [
                (
                    kind,
                    autonomy_of(kind.name),
                    spent_alone_today_paise(kind.name, today),
                    find_autonomy_change(kind.name),
                )
                for kind in registry.kinds()
            ],
            "modes": list(Mode),
            "cycles": list_cycles(limit=30),
            "cut_off": list_cut_off(),
            "deliveries": count_deliveries(),
            "dead_letters": list_dead_letters(50),
            "breakers": [(one, _far_side(one.far_side)) for one in breaker_states()],
            "halts": list_halts(),
        },
    )


@page()
def cycle(request: HttpRequest, cycle_id: int) -> HttpResponseBase:
    """One cycle: what it proposed and what it passed over, each with its reason."""
    row = Cycle.objects.filter(pk=cycle_id).first()
    if row is None:
        raise Http404
    return render(
        request,
        "dashboard/cycle.html",
        {
            "cycle": row,
            "cut_off": list_cut_off(),
            "actions": row.actions.order_by("-net_paise"),
            "passed_over": list_passed_over(cycle_id, 500),
        },
    )


@page()
def cycles_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Every cycle of every agent, newest first."""
    heads = [
        _("Agent"), _("As of"), _("State"), _("Proposed"), _("Left alone"), _("Took, ms"), _("Attempts"),
        _("Policy version"), _("Snapshot"), _("Error"),
    ]  # fmt: skip
    lines = lines_of(Cycle.objects.order_by("-as_of", "-pk"), _cycle_line)
    return sheet(lines, heads, form, name="cycles", title=_("Cycles"))


def _cycle_line(row: Cycle) -> list[Any]:
    return [
        plain(row.agent), row.as_of, str(sign(row.state).label), row.counts.get("proposed", 0),
        row.counts.get("passed_over", 0), row.duration_ms, row.attempts, row.policy_version,
        row.snapshot_digest, spoken(row, "error"),
    ]  # fmt: skip


@page()
def cycle_file(request: HttpRequest, cycle_id: int, form: str) -> HttpResponseBase:
    """All that one cycle looked at and left alone, with the reason and its numbers."""
    if not Cycle.objects.filter(pk=cycle_id).exists():
        raise Http404
    heads = [_("Subject"), _("Cause"), _("Why"), _("Numbers")]
    lines = lines_of(PassedOver.objects.filter(cycle=cycle_id).order_by("pk"), _passed_line)
    return sheet(lines, heads, form, name=f"cycle-{cycle_id}", title=_("Looked at and left alone"))


def _far_side(name: str) -> str:
    """A far side as people call it: a channel by its word, any other by its own name."""
    return say(CHANNEL_NAMES[Channel(name)]) if name in set(Channel) else name


def _passed_line(row: PassedOver) -> list[Any]:
    numbers = " · ".join(f"{plain(name)}: {value}" for name, value in row.numbers.items())
    return [row.subject, plain(row.code), spoken(row, "reason"), numbers]


@page(May.OPERATE)
@require_POST
def run_now(request: HttpRequest, agent: str) -> HttpResponseBase:
    """Start a cycle by hand."""
    spec = registry.agent(agent)

    def start() -> None:
        try:
            run_cycle.delay(spec.name, timezone.now().isoformat())
        except QueueAway:
            said = _("No work can be handed out just now: start the cycle again in a minute")
            raise Unavailable(said, code="store_away") from None

    attempt(request, start, _("The cycle was started; its result appears here."))
    return redirect("dashboard:agents")


@page(May.OPERATE)
@require_POST
def replay(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    """Give a dead letter another life."""
    actor, now = person(request).actor, timezone.now()
    attempt(request, lambda: services.replay(delivery_id, actor=actor, at=now), _("It is delivered again."))
    return redirect("dashboard:agents")


@page(May.RULES)
@require_POST
def set_autonomy(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Change what a kind of action may do alone."""
    actor, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: services.set_autonomy(
            kind, _read_limits(request), actor=actor, at=now, reason=request.POST.get("reason", "")
        ),
        _("The new limits are in force."),
    )
    return redirect("dashboard:agents")


def _read_limits(request: HttpRequest) -> dict[str, Any]:
    form = request.POST
    try:
        return {
            "mode": form.get("mode", ""),
            "max_value_paise": parse_rupees(form.get("max_value", ""), field="max_value"),
            "daily_cap_paise": parse_rupees(form.get("daily_cap", ""), field="daily_cap"),
            "max_quantity": int(form.get("max_quantity", "")),
            "max_discount_bp": round(float(form.get("max_discount", "")) * 100),
            "min_confidence": float(form.get("min_confidence", "")) / 100,
            "undo_seconds": int(form.get("undo_minutes", "")) * 60,
        }
    except ValueError as error:
        raise Invalid(_("Fill in every limit with a number"), code="not_a_number") from error


@page(May.STOP)
@require_POST
def stop(request: HttpRequest) -> HttpResponseBase:
    """Pull the stop button, for one kind or for everything."""
    actor, now = person(request).actor, timezone.now()
    kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "")
    attempt(
        request,
        lambda: services.pull(actor=actor, at=now, kind=kind, reason=reason),
        _("Stopped. Nothing is carried out until you lift it."),
    )
    return back(request, "dashboard:agents")


@page(May.STOP)
@require_POST
def lift(request: HttpRequest) -> HttpResponseBase:
    """Lift the stop button."""
    actor, now, kind = person(request).actor, timezone.now(), request.POST.get("kind", "")
    attempt(request, lambda: services.lift(actor=actor, at=now, kind=kind), _("The agents go on."))
    return back(request, "dashboard:agents")
