"""What the reports by mail say: subject and body, in the reader's language, each with the page behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from alerts.models import MailedReport
from alerts.selectors import week_figures
from alerts.services.weekly import LANGUAGES, WeeklyText, write_weekly_report
from inventory.selectors.impact import list_expiring_loss
from inventory.selectors.items import get_headline
from inventory.selectors.shelf import StockFilter, list_items, sort_items
from vyapar.dashboard.templatetags.figures import day_text
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.engine.selectors import list_actions
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.money import group_indian, indian
from vyapar.tenancy.selectors import address_of, current_distributor

#: Rows told one by one; the page behind the report has them all.
ROWS = 30


def write_report(kind: str, language: str, at: datetime, end: str) -> WeeklyText:
    """A report as it stands at `at`; `end` is its last sentence."""
    language = language if language in LANGUAGES else "en"
    if kind == MailedReport.Kind.WEEK:
        return write_weekly_report(week_figures(at), language, end)
    write = {
        MailedReport.Kind.DEAD: _dead,
        MailedReport.Kind.EXPIRING: _expiring,
        MailedReport.Kind.WAITING: _waiting,
    }[MailedReport.Kind(kind)]
    with override(language):
        subject, lines, path = write(at)
        subject = f"{current_distributor().name}: {subject}"
        return WeeklyText(
            subject, "\n\n".join(filter(None, [subject, "\n".join(lines), address_of(path), end]))
        )


def _dead(at: datetime) -> tuple[str, list[str], str]:
    headline = get_headline()
    subject = _("%(money)s of dead stock in %(items)s items") % {
        "money": indian(headline.dead_paise), "items": group_indian(headline.dead_items),
    }  # fmt: skip
    rows = sort_items(list_items(StockFilter(status="dead")), "-stock")[:ROWS]
    lines = [
        _("%(number)d. %(name)s, %(place)s: %(pieces)s pieces, %(money)s, %(days)s days without a sale")
        % {
            "number": number, "name": row.sku.name, "place": row.territory.name,
            "pieces": group_indian(row.current_stock), "money": indian(row.value_paise),
            "days": group_indian(row.days_without_movement),
        }
        for number, row in enumerate(rows, 1)
    ]  # fmt: skip
    return subject, lines or [_("Nothing is dead.")], "/stock?status=dead&sort=-stock"


def _expiring(at: datetime) -> tuple[str, list[str], str]:
    weeks = list_expiring_loss(ist_day(at))
    subject = _("%(money)s will be lost to expiry if nothing is done") % {
        "money": indian(sum(week.loss_paise for week in weeks))
    }
    lines = [
        _("Week from %(day)s: %(batches)s batches, %(pieces)s pieces, %(money)s; avoidable %(avoidable)s")
        % {
            "day": day_text(week.starts), "batches": group_indian(week.batches),
            "pieces": group_indian(round(week.pieces)), "money": indian(week.loss_paise),
            "avoidable": indian(week.avoidable_paise),
        }
        for week in weeks
    ]  # fmt: skip
    return subject, lines or [_("Nothing will expire unsold.")], "/outcomes"


def _waiting(at: datetime) -> tuple[str, list[str], str]:
    rows = list_actions(statuses=(Status.PROPOSED,))
    count = rows.count()
    subject = ngettext("%(n)s action waits for a person", "%(n)s actions wait for a person", count) % {
        "n": group_indian(count)
    }
    return subject, list(_waits(rows)) or [_("Nothing waits.")], "/inbox"


def _waits(rows: object) -> Iterator[str]:
    for row in rows[:ROWS]:  # type: ignore[index]
        yield _("Action %(number)d: %(title)s; %(money)s net, until %(day)s") % {
            "number": row.number, "title": spoken(row, "title"), "money": indian(row.net_paise),
            "day": day_text(ist_day(row.expires_at)),
        }  # fmt: skip
