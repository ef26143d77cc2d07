"""The weekly report by mail: what is dead, what will expire, what was decided and what waits."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from alerts.models import WeeklyReport
from alerts.selectors import WeekFigures, week_figures
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import next_weekly
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.money import group_indian, indian
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import SERVICE, Letter
from vyapar.messaging.selectors import get_account
from vyapar.messaging.services import queue, save_template
from vyapar.people.models import User
from vyapar.people.selectors import list_people
from vyapar.tenancy.selectors import address_of, current_distributor

TEMPLATE = "weekly_report"
LANGUAGES = ("en", "hi")
#: Written at one look; the next look takes the rest.
_AT_ONCE = 50


class WeeklyText(NamedTuple):
    """Subject and body of the report in a person's language."""

    subject: str
    body: str


@transaction.atomic
def set_weekly_report(person: User, *, weekday: int, hour: int, actor: Actor, at: datetime) -> WeeklyReport:
    """Have a person told every week on a day (0 is Monday) at an hour in India.

    `Invalid` names what is no day or hour, and an account without an e-mail address.
    """
    faults = []
    if not 0 <= weekday <= 6:
        faults.append(Fault("weekday", _("choose a day of the week"), "weekday", value=str(weekday)))
    if not 0 <= hour <= 23:
        faults.append(Fault("hour", _("choose an hour from 0 to 23"), "hour", value=str(hour)))
    if not person.email:
        faults.append(Fault("no_email", _("the account has no e-mail address; enter one first"), "email"))
    if faults:
        raise Invalid(_("The weekly report cannot be sent so"), code="weekly_report", faults=faults)
    when = {"weekday": weekday, "hour": hour, "next_at": next_weekly(at, weekday, hour)}
    report, _new = WeeklyReport.objects.update_or_create(user_id=person.pk, defaults=when)
    append_audit(
        actor=actor, verb="WeeklyReportSet", subject=f"user:{person.pk}", at=at,
        after={"weekday": weekday, "hour": hour},
    )  # fmt: skip
    return report


@transaction.atomic
def stop_weekly_report(user_id: int, *, actor: Actor, at: datetime) -> bool:
    """Send a person no more of them; whether there were any."""
    gone, _rows = WeeklyReport.objects.filter(user_id=user_id).delete()
    if gone:
        append_audit(actor=actor, verb="WeeklyReportStopped", subject=f"user:{user_id}", at=at)
    return bool(gone)


@transaction.atomic
def send_weekly_reports(at: datetime) -> int:
    """Send every report that is due, once; returns how many.

    A report that was due while nothing ran is sent late, and once however many weeks were missed. A
    distributor without a mail account waits; who left gets none.
    """
    due = list(
        WeeklyReport.objects.select_for_update(skip_locked=True)
        .filter(next_at__lte=at)
        .order_by("pk")[:_AT_ONCE]
    )
    if not due or get_account(Channel.EMAIL) is None:
        return 0
    people = {person.pk: person for person in list_people()}
    figures = week_figures(at)
    letters = []
    for report in due:
        if (person := people.get(report.user_id)) and person.email:
            letters.append(_letter(report, person, figures))
            report.sent_at = at
        report.next_at = next_weekly(at, report.weekday, report.hour)
        report.save(update_fields=["next_at", "sent_at"])
    if letters:
        queue(letters, actor=system("weekly-report"), at=at)
    return len(letters)


def write_weekly_report(figures: WeekFigures, language: str, end: str = "") -> WeeklyText:
    """The report's text; every figure names the page that shows its rows. `end`: why it came, for others."""
    with override(language if language in LANGUAGES else "en"):
        name = current_distributor().name
        subject = _("%(name)s: %(dead)s dead, %(soon)s will expire unsold in 30 days") % {
            "name": name, "dead": indian(figures.dead_paise), "soon": indian(figures.expiring[30]),
        }  # fmt: skip
        parts = [_standing(figures), _worst(figures), _decided(figures), end or _end()]
        return WeeklyText(subject, "\n\n".join(part for part in parts if part))


def ensure_weekly_template() -> None:
    """Put the report's frame at the messaging door; safe to repeat."""
    for language in LANGUAGES:
        save_template(
            TEMPLATE, Channel.EMAIL, language, body="{{2}}", provider_template=TEMPLATE, subject="{{1}}",
            category="UTILITY",
        )  # fmt: skip


# --- parts ---------------------------------------------------------------------------------


def _letter(report: WeeklyReport, person: User, figures: WeekFigures) -> Letter:
    language = person.language if person.language in LANGUAGES else "en"
    return Letter(
        key=f"weekly:{person.pk}:{report.next_at.isoformat()}",
        party=f"user:{person.pk}",
        ways=((Channel.EMAIL, person.email),),
        template=TEMPLATE,
        language=language,
        parameters=tuple(write_weekly_report(figures, language)),
        purpose=SERVICE,
        origin=f"weekly-report:{person.pk}",
    )


def _standing(figures: WeekFigures) -> str:
    lines = [
        _("Dead stock: %(money)s at cost in %(items)s items")
        % {"money": indian(figures.dead_paise), "items": group_indian(figures.dead_items)},
        *(
            _("Will expire unsold within %(days)d days if nothing is done: %(money)s")
            % {"days": days, "money": indian(paise)}
            for days, paise in sorted(figures.expiring.items())
        ),
        address_of("/stock"),
    ]
    return "\n".join(lines)


def _worst(figures: WeekFigures) -> str:
    if not figures.worst:
        return ""
    rows = [
        _("%(number)d. %(name)s, %(territory)s: %(pieces)s pieces, %(money)s at risk")
        % {
            "number": number, "name": one.name, "territory": one.territory,
            "pieces": group_indian(one.pieces), "money": indian(one.risk_paise),
        }
        for number, one in enumerate(figures.worst, 1)
    ]  # fmt: skip
    return "\n".join([_("Most at risk:"), *rows])


def _decided(figures: WeekFigures) -> str:
    waiting = ngettext(
        "%(count)d action waits for a person; it is worth %(money)s net.",
        "%(count)d actions wait for a person; they are worth %(money)s net.",
        figures.waiting,
    ) % {"count": figures.waiting, "money": indian(figures.waiting_paise)}
    done = ngettext(
        "%(count)d action was carried out in the last seven days; its estimate was %(money)s net.",
        "%(count)d actions were carried out in the last seven days; their estimate was %(money)s net.",
        figures.executed,
    ) % {"count": figures.executed, "money": indian(figures.executed_paise)}
    return "\n".join([waiting, address_of("/inbox"), done])


def _end() -> str:
    return _("You asked for this report. Stop it or choose another hour: %(address)s") % {
        "address": address_of("/alerts/preferences")
    }
