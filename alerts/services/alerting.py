"""Raising, acknowledging, snoozing and closing alerts. One verb, one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import override

from alerts.contracts import AlertClosed, AlertRaised, Condition, Recipient, Urgency
from alerts.models import Alert, Notice
from alerts.rules import AlertPolicy, recipients_of, urgency_of, ways_of
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.dashboard.templatetags.words import sign
from vyapar.engine.services import emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import NotFound
from vyapar.kernel.money import indian
from vyapar.kernel.phrases import Phrase, words_of
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import SERVICE, Letter
from vyapar.messaging.selectors import find_template, get_account
from vyapar.messaging.services import queue, save_template
from vyapar.people.models import User
from vyapar.people.selectors import list_people
from vyapar.tenancy.here import current_schema
from vyapar.tenancy.selectors import address_of

TEMPLATE = "alert"
#: The same for what has no rupees at stake.
UNPRICED = "alert_unpriced"
#: Texts of an alert that are said in the reader's language.
_SAID = ("title", "detail", "recommended_action")
_TEXTS = {
    "en": ("[{{1}}] {{2}}", "{{2}}\n\n{{3}}\n\nWhat to do: {{4}}\nAt stake: {{5}}\n\nOpen: {{6}}"),
    "hi": ("[{{1}}] {{2}}", "{{2}}\n\n{{3}}\n\nक्या करें: {{4}}\nदाँव पर: {{5}}\n\nखोलें: {{6}}"),
}
_UNPRICED_TEXTS = {
    "en": ("[{{1}}] {{2}}", "{{2}}\n\n{{3}}\n\nWhat to do: {{4}}\n\nOpen: {{5}}"),
    "hi": ("[{{1}}] {{2}}", "{{2}}\n\n{{3}}\n\nक्या करें: {{4}}\n\nखोलें: {{5}}"),
}


@transaction.atomic
def raise_alert(condition: Condition, *, policy: AlertPolicy, actor: Actor, at: datetime) -> Alert:
    """Raise an alert, or refresh the one that is open on the same cause and subject.

    People are told when it is new, when it became more urgent, and never twice for the same reason.
    """
    urgency = urgency_of(condition, policy)
    with connection.cursor() as cursor:  # two workers may see the same cause at the same moment
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [current_schema() + ":alert"])
    alert = (
        Alert.objects.select_for_update()
        .filter(cause=condition.cause, subject=condition.subject)
        .exclude(state=Alert.State.CLOSED)
        .first()
    )
    grew = alert is None or urgency.rank > alert.urgency_rank
    alert = _write(alert, condition, urgency, at)
    if grew:
        _tell(alert, condition, urgency, actor, at)
    return alert


@transaction.atomic
def acknowledge(alert_id: int, *, actor: Actor, at: datetime) -> Alert:
    """Somebody has seen it and acts; it stays until its cause is gone."""
    return _move(alert_id, Alert.State.ACKNOWLEDGED, actor, at)


@transaction.atomic
def snooze(alert_id: int, *, days: int, actor: Actor, at: datetime) -> Alert:
    """Put an alert away for some days; it comes back by itself."""
    alert = _move(alert_id, Alert.State.SNOOZED, actor, at)
    alert.snoozed_until = at + timedelta(days=max(1, min(days, 30)))
    alert.save(update_fields=["snoozed_until"])
    return alert


@transaction.atomic
def close(cause: str, subject: str, *, reason: str, actor: Actor, at: datetime) -> bool:
    """Close the alert on a cause and subject, because the cause is gone; False when none is open."""
    alert = (
        Alert.objects.select_for_update()
        .filter(cause=cause, subject=subject)
        .exclude(state=Alert.State.CLOSED)
        .first()
    )
    if alert is None:
        return False
    alert.state, alert.acted_by, alert.acted_at = Alert.State.CLOSED, str(actor), at
    if isinstance(reason, Phrase):  # what a reader can be told in his language; codes are for the event
        alert.end_reason = reason[:200]
        alert.words = {**alert.words, "end_reason": plain(words_of(reason))}
    alert.save()
    emit(
        AlertClosed(alert.pk, cause, subject, reason),
        subject=f"alert:{alert.pk}",
        actor=actor,
        at=at,
        audited=False,
    )
    return True


@transaction.atomic
def wake_snoozed(at: datetime) -> int:
    """Bring back alerts whose rest is over; returns how many."""
    return Alert.objects.filter(state=Alert.State.SNOOZED, snoozed_until__lte=at).update(
        state=Alert.State.OPEN, snoozed_until=None
    )


@transaction.atomic
def mark_read(user_id: int, *, at: datetime) -> int:
    """The person has looked at their notices."""
    return Notice.objects.filter(user_id=user_id, read_at__isnull=True).update(read_at=at)


def ensure_templates() -> None:
    """Put the mail texts of alerts at the messaging door; safe to repeat."""
    for name, texts in ((TEMPLATE, _TEXTS), (UNPRICED, _UNPRICED_TEXTS)):
        for language, (subject, body) in texts.items():
            save_template(
                name,
                Channel.EMAIL,
                language,
                body=body,
                provider_template=name,
                subject=subject,
                category="UTILITY",
            )


def recipient(person: User) -> Recipient:
    """A person as the alert rules know them."""
    return Recipient(
        user_id=person.pk,
        role=person.role,
        channels=tuple(person.alert_channels),
        alert_from=Urgency(person.alert_from),
        email=person.email,
        language=person.language,
    )


# --- parts ---------------------------------------------------------------------------------


def _write(alert: Alert | None, condition: Condition, urgency: Urgency, at: datetime) -> Alert:
    if alert is None:
        alert = Alert(cause=condition.cause, subject=condition.subject, first_at=at, seen=0)
    elif urgency.rank > alert.urgency_rank:
        alert.state, alert.snoozed_until = Alert.State.OPEN, None
    alert.urgency, alert.urgency_rank = urgency.value, urgency.rank
    alert.title, alert.detail = condition.title[:300], condition.detail
    alert.recommended_action, alert.url = condition.recommended_action[:300], condition.url
    alert.words = plain({name: words_of(getattr(condition, name)) for name in _SAID})
    alert.value_paise, alert.last_at = condition.value_paise, at
    alert.seen += condition.count
    alert.save()
    return alert


def _tell(alert: Alert, condition: Condition, urgency: Urgency, actor: Actor, at: datetime) -> None:
    told = recipients_of(condition, urgency, [recipient(p) for p in list_people()])
    letters = []
    for one in told:
        for way in ways_of(one, urgency):
            Notice.objects.update_or_create(
                alert=alert, user_id=one.user_id, way=way, defaults={"at": at, "read_at": None}
            )
            if way == "email":
                letters.append(_letter(alert, one, urgency))
    if letters and get_account(Channel.EMAIL) is not None:
        if find_template(letters[0].template, Channel.EMAIL, "en") is None:  # older than this text of ours
            ensure_templates()
        queue(letters, actor=actor, at=at)
    emit(
        AlertRaised(
            alert_id=alert.pk,
            cause=alert.cause,
            subject=alert.subject,
            urgency=urgency.value,
            title=alert.title,
            value_paise=alert.value_paise,
            recipients=tuple(f"user:{one.user_id}" for one in told),
        ),
        subject=f"alert:{alert.pk}",
        actor=actor,
        at=at,
        audited=False,
    )


def _letter(alert: Alert, one: Recipient, urgency: Urgency) -> Letter:
    language = one.language if one.language in _TEXTS else "en"
    with override(language):
        title, detail, advice = (spoken(alert, name) for name in _SAID)
        word = str(sign(urgency.value).label)
    stake = (indian(alert.value_paise),) if alert.value_paise else ()
    return Letter(
        key=f"alert:{alert.pk}:{urgency}:{one.user_id}",
        party=f"user:{one.user_id}",
        ways=((Channel.EMAIL, one.email),),
        template=TEMPLATE if stake else UNPRICED,
        language=language,
        parameters=(
            word.upper(),
            title,
            detail or title,
            advice,
            *stake,
            address_of(alert.url or "/alerts"),
        ),
        purpose=SERVICE,
        origin=f"alert:{alert.pk}",
    )


def _move(alert_id: int, state: str, actor: Actor, at: datetime) -> Alert:
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None or alert.state == Alert.State.CLOSED:
        raise NotFound(_("this alert is not open any more"), code="no_such_alert")
    alert.state, alert.acted_by, alert.acted_at = state, str(actor), at
    alert.save()
    return alert


@transaction.atomic
def close_others(
    causes: tuple[str, ...], standing: set[tuple[str, str]], *, actor: Actor, at: datetime
) -> int:
    """Close alerts of some causes that no longer stand; returns how many."""
    alive = Alert.objects.filter(cause__in=causes).exclude(state=Alert.State.CLOSED)
    gone = [pair for pair in alive.values_list("cause", "subject") if pair not in standing]
    return sum(close(*pair, reason=_("its cause is gone"), actor=actor, at=at) for pair in gone)


@transaction.atomic
def close_ending(causes: tuple[str, ...], suffix: str, *, reason: str, actor: Actor, at: datetime) -> int:
    """Close alerts of some causes whose subject ends in `suffix`; returns how many."""
    alive = Alert.objects.filter(cause__in=causes, subject__endswith=suffix).exclude(state=Alert.State.CLOSED)
    return sum(
        close(*pair, reason=reason, actor=actor, at=at)
        for pair in list(alive.values_list("cause", "subject"))
    )
