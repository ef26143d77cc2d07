"""Alerts: one per cause and subject, urgency, who is told and how, and what closes them."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django_tenants.utils import tenant_context

from alerts import services
from alerts.agent import Dead, Expiring, StandingSnapshot, Waiting, decide
from alerts.contracts import Condition, Recipient, Urgency
from alerts.models import Alert, Notice
from alerts.rules import AlertPolicy, recipients_of, urgency_of, ways_of
from inventory.contracts.imports import ImportDiffers, ImportFailed, ImportReconciled
from inventory.contracts.outcomes import DriftDetected
from inventory.contracts.pulls import FeedHalted
from inventory.contracts.quality import FeedStale, QualityFell
from inventory.models import Feed
from tests.builders import AT, OWNER, TODAY, deliver_all, open_channels
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.engine.models import Event
from vyapar.engine.services import emit, lift, pull, run_cycle
from vyapar.gateway import speech
from vyapar.gateway.contracts import KeyExpiring
from vyapar.kernel.errors import Invalid, NotFound
from vyapar.kernel.phrases import phrase
from vyapar.messaging.models import Message, Template
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

DB = pytest.mark.usefixtures("in_alpha")
POLICY = AlertPolicy()


def condition(**changes) -> Condition:
    usual = {
        "cause": "dead_stock",
        "subject": "territory:PUNE",
        "title": "Stock in Pune is dead",
        "detail": "40 pieces of 2 SKUs",
        "recommended_action": "Open the list",
        "url": "/stock",
        "value_paise": 60_000_00,
    }
    return Condition(**{**usual, **changes})


def person(ident: int, role: str, **changes) -> Recipient:
    usual = {"channels": ("in_app", "email"), "alert_from": Urgency.LOW, "email": f"p{ident}@example.in"}
    return Recipient(ident, role, **{**usual, **changes})


# --- how urgent, who, how ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rupees", "days", "cause", "urgency"),
    [
        (0, None, "dead_stock", "low"),
        (9_999, None, "dead_stock", "low"),
        (10_000, None, "dead_stock", "medium"),
        (50_000, None, "dead_stock", "high"),
        (250_000, None, "dead_stock", "critical"),
        (9_999, 0, "expiring", "low"),
        (10_000, 16, "expiring", "medium"),
        (10_000, 15, "expiring", "high"),
        (10_000, 5, "expiring", "critical"),
        (0, None, "agent_failed", "high"),
        (0, None, "compliance", "medium"),
        (250_000, None, "compliance", "critical"),
    ],
)
def test_the_strongest_of_rupees_days_and_cause_decides(rupees, days, cause, urgency) -> None:
    one = condition(value_paise=rupees * 100, days_left=days, cause=cause)
    assert urgency_of(one, POLICY) == urgency


def test_roles_and_wishes_decide_who_is_told_and_somebody_always_is() -> None:
    owner, auditor = person(1, "owner", alert_from=Urgency.CRITICAL), person(2, "auditor")
    manager = person(3, "manager")
    crew = [manager, auditor, owner]
    low = condition()
    assert recipients_of(low, Urgency.HIGH, crew) == (manager,)
    assert recipients_of(low, Urgency.CRITICAL, crew) == (owner, manager)
    assert recipients_of(condition(cause="compliance"), Urgency.HIGH, crew) == (auditor, manager)
    assert recipients_of(low, Urgency.HIGH, [owner, auditor]) == (owner,), "nobody wants it: the owner"
    assert recipients_of(low, Urgency.HIGH, [auditor]) == (auditor,)
    assert recipients_of(condition(cause="unheard_of"), Urgency.HIGH, [owner, manager]) == (owner,)


def test_mail_is_for_those_who_want_it_and_for_what_is_not_low() -> None:
    assert ways_of(person(1, "owner"), Urgency.MEDIUM) == ("in_app", "email")
    assert ways_of(person(1, "owner"), Urgency.LOW) == ("in_app",)
    assert ways_of(person(1, "owner", email=""), Urgency.CRITICAL) == ("in_app",)
    assert ways_of(person(1, "owner", channels=("in_app",)), Urgency.CRITICAL) == ("in_app",)


def test_thresholds_must_rise() -> None:
    with pytest.raises(Invalid):
        AlertPolicy(medium_rupees=60_000)
    with pytest.raises(Invalid):
        AlertPolicy(critical_days=16)


def test_the_agent_names_each_standing_condition_once_with_what_to_do() -> None:
    snapshot = StandingSnapshot(
        as_of=AT,
        today=TODAY,
        expiring=(Expiring("PUNE", "Pune", 30, 2, 40, 500_00, 12), Expiring("NGP", "Nagpur", 30, 0, 0, 0, 0)),
        dead=(Dead("PUNE", "Pune", 3, 90, 9_000_00),),
        waiting=Waiting(2, 70_000, 5),
        last_sale_date=TODAY - timedelta(days=3),
    )
    found = decide(snapshot, POLICY).outcome
    assert [c.cause for c in found] == ["expiring", "dead_stock", "action_waiting", "feed_stale"]
    assert all(c.recommended_action and c.url for c in found)
    assert len({(c.cause, c.subject) for c in found}) == 4


# --- on the database -----------------------------------------------------------------------------


@pytest.fixture
def crew(in_alpha):
    open_channels()
    return [
        add_person(username=name, password="a long pass phrase", role=role, email=mail)
        for name, role, mail in (
            ("owner", Role.OWNER, "owner@example.in"),
            ("manager", Role.MANAGER, ""),
            ("feed", Role.INTEGRATION, "feed@example.in"),
        )
    ]


def raised(**changes) -> Alert:
    return services.raise_alert(condition(**changes), policy=POLICY, actor=OWNER, at=AT)


def test_the_same_cause_on_the_same_subject_is_one_alert(crew) -> None:
    first = raised()
    again = raised(title="Still dead")
    assert again.pk == first.pk
    assert (Alert.objects.count(), again.seen, again.title) == (1, 2, "Still dead")
    assert Event.objects.filter(name="AlertRaised").count() == 1
    raised(subject="territory:NAGPUR")
    raised(cause="expiring")
    assert Alert.objects.count() == 3


def test_people_are_told_again_only_when_it_grows_more_urgent(crew) -> None:
    raised(value_paise=10_000_00)
    raised(value_paise=20_000_00)
    assert Event.objects.filter(name="AlertRaised").count() == 1
    raised(value_paise=300_000_00)
    told = list(Event.objects.filter(name="AlertRaised").order_by("id"))
    assert [e.payload["urgency"] for e in told] == ["medium", "critical"]
    raised(value_paise=10_000_00)
    assert Event.objects.filter(name="AlertRaised").count() == 2


def test_an_alert_is_kept_with_its_words_and_mailed_in_its_readers_language(crew, monkeypatch) -> None:
    told = {
        "%(money)s of stock in %(place)s is dead": "%(place)s: %(money)s ka maal",
        "%(amount)s lakh": "%(amount)s L",
    }
    monkeypatch.setattr(speech, "gettext", lambda text: told.get(text, text))
    owner = crew[0]
    owner.language = "hi"
    owner.save(update_fields=["language"])
    snapshot = StandingSnapshot(
        AT, TODAY, (), (Dead("PUNE", "Pune", 2, 1200, 1_50_000_00),), Waiting(0, 0, 0), None
    )
    (found,) = decide(snapshot, POLICY).outcome
    alert = services.raise_alert(found, policy=POLICY, actor=OWNER, at=AT)
    assert alert.title == "₹1.50 lakh of stock in Pune is dead"
    assert alert.detail == "1,200 pieces of 2 SKUs have not sold within your own thresholds."
    assert spoken(alert, "title") == "Pune: ₹1.50 L ka maal"
    letter = Message.objects.get()
    assert letter.language == "hi"
    assert letter.parameters[1] == "Pune: ₹1.50 L ka maal"


def test_an_alert_reaches_those_it_concerns_in_the_app_and_by_mail(crew) -> None:
    owner, manager, _feed = crew
    alert = raised()
    ways = set(Notice.objects.values_list("user_id", "way"))
    assert ways == {(owner.pk, "in_app"), (owner.pk, "email"), (manager.pk, "in_app")}
    letter = Message.objects.get()
    assert (letter.status, letter.channel, letter.address) == ("queued", "email", "owner@example.in")
    assert letter.origin == f"alert:{alert.pk}"
    assert letter.parameters[0] == "HIGH"
    assert letter.parameters[3] == "Open the list"
    assert "{{" not in "".join(letter.parameters)


def test_a_mail_names_what_is_at_stake_only_where_something_is(crew) -> None:
    texts = []
    for subject, paise in (("one", 60_000_00), ("two", 0)):
        raised(cause="agent_failed", subject=subject, value_paise=paise)
        letter = Message.objects.filter(origin=f"alert:{Alert.objects.get(subject=subject).pk}")[0]
        body = letter.template.body
        for number, said in enumerate(letter.parameters, 1):
            body = body.replace("{{" + str(number) + "}}", said)
        texts.append(body)
    assert "At stake: ₹60,000.00" in texts[0]
    assert "stake" not in texts[1]
    assert "Open: http" in texts[1]
    assert all("{{" not in text for text in texts)


def test_a_text_that_came_later_is_put_at_the_door_of_an_older_distributor(crew) -> None:
    Template.objects.filter(name="alert_unpriced").delete()
    raised(cause="agent_failed", value_paise=0)
    assert set(Message.objects.values_list("template__name", flat=True)) == {"alert_unpriced"}


def test_an_alert_is_kept_even_when_no_mail_is_set_up(in_alpha) -> None:
    add_person(username="owner", password="a long pass phrase", role=Role.OWNER, email="o@example.in")
    raised()
    assert Alert.objects.count() == 1
    assert not Message.objects.exists()


def test_closing_says_why_and_a_closed_alert_may_come_again_as_a_new_one(crew) -> None:
    first = raised()
    assert services.close("dead_stock", "territory:PUNE", reason="sold", actor=OWNER, at=AT)
    assert not services.close("dead_stock", "territory:PUNE", reason="sold", actor=OWNER, at=AT)
    assert Event.objects.get(name="AlertClosed").payload["reason"] == "sold"
    assert raised().pk != first.pk
    with pytest.raises(NotFound):
        services.acknowledge(first.pk, actor=OWNER, at=AT)


def test_a_snoozed_alert_rests_comes_back_and_wakes_early_when_it_grows(crew) -> None:
    alert = raised(value_paise=10_000_00)
    services.snooze(alert.pk, days=3, actor=OWNER, at=AT)
    assert raised(value_paise=11_000_00).state == "snoozed"
    assert services.wake_snoozed(AT + timedelta(days=2)) == 0
    assert services.wake_snoozed(AT + timedelta(days=3)) == 1
    services.snooze(alert.pk, days=3, actor=OWNER, at=AT)
    grown = raised(value_paise=300_000_00)
    assert (grown.state, grown.snoozed_until) == ("open", None)


def test_what_no_longer_stands_is_closed_and_other_causes_are_left(crew) -> None:
    raised()
    raised(subject="territory:NAGPUR")
    raised(cause="compliance", subject="action:1")
    standing = {("dead_stock", "territory:PUNE")}
    assert services.close_others(("dead_stock",), standing, actor=OWNER, at=AT) == 1
    open_ones = set(Alert.objects.exclude(state="closed").values_list("cause", "subject"))
    assert open_ones == {("dead_stock", "territory:PUNE"), ("compliance", "action:1")}


def test_the_stop_button_raises_an_alert_and_lifting_it_closes_it(crew) -> None:
    pull(actor=OWNER, at=AT, kind="transfer", reason="stock count")
    deliver_all()
    assert Alert.objects.get(cause="stopped").title == "Stopped: Transfer"
    lift(actor=OWNER, at=AT, kind="transfer")
    deliver_all()
    assert Alert.objects.get(cause="stopped").state == "closed"


def test_a_short_transfer_is_told_to_those_who_claim_from_the_carrier(crew) -> None:
    from reallocation.services import receive, send_off
    from tests.builders import build_world, propose_transfer, transfer_payload

    action = propose_transfer(transfer_payload(build_world()))
    transfer = send_off(action.view(), actor=OWNER, at=AT)
    receive(transfer.pk, {("BIS-100", "B1"): (90, 0)}, actor=OWNER, at=AT + timedelta(days=2))
    deliver_all(AT + timedelta(days=2))
    alert = Alert.objects.get(cause="transfer_short")
    assert "90 pieces" in alert.detail


def test_two_workers_that_see_one_cause_at_the_same_moment_raise_one_alert(fresh_distributor) -> None:
    start, failures = threading.Barrier(2), []

    def see() -> None:
        try:
            with tenant_context(fresh_distributor):
                start.wait(10)
                services.raise_alert(condition(), policy=POLICY, actor=OWNER, at=AT)
        except Exception as error:  # noqa: BLE001 - the thread's failure is the test's
            failures.append(error)
        finally:
            connection.close()

    for _ in range(5):
        threads = [threading.Thread(target=see) for _ in range(2)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(30)
        assert failures == []
        assert Alert.objects.exclude(state=Alert.State.CLOSED).count() == 1
        services.close("dead_stock", "territory:PUNE", reason="gone", actor=OWNER, at=AT)


# --- data that come in ---------------------------------------------------------------------------


@DB
def test_predictions_that_drift_are_told_once_with_where_to_look() -> None:
    for _ in range(2):
        tell(
            DriftDetected("expiry", "shift", -0.31, 0.05, 80, "monitoring", "30"),
            "drift:expiry:monitoring:30",
        )
    alert = Alert.objects.get(cause="drift")
    assert (alert.urgency, alert.url) == ("medium", "/outcomes")
    assert alert.title == "Chance that a batch expires unsold within 30 days (Monitoring): no longer fits"
    assert "-0.31" in alert.detail


@DB
def test_a_halted_feed_is_told_until_its_data_come_again() -> None:
    tell(FeedHalted("tally", "Tally at the office", "the company was renamed"), "feed:tally")
    alert = Alert.objects.get(cause="feed_halted")
    assert alert.urgency == "high"
    assert alert.url == "/data/feeds/tally"
    tell(ImportReconciled("u1", 4, "tally", "pull", 3, 3, 0, 0, 0), "import:4")
    alert.refresh_from_db()
    assert alert.state == Alert.State.CLOSED


@DB
def test_why_a_feed_halted_is_told_with_its_words_while_they_are_of_that_time() -> None:
    said = phrase("%(name)s cannot be reached", name="Tally")
    feed = Feed.objects.create(
        code="tally", name="Tally", system="tally", last_error=said, words=list(said.words),
        created_at=AT, updated_at=AT,
    )  # fmt: skip
    tell(FeedHalted("tally", "Tally", str(said)), "feed:tally")
    alert = Alert.objects.get(cause="feed_halted")
    assert alert.words["detail"] == [{"say": "%(name)s cannot be reached", "with": {"name": "Tally"}}]
    Feed.objects.filter(pk=feed.pk).update(words=[])
    tell(FeedHalted("tally", "Tally", "the company was renamed"), "feed:tally")
    alert.refresh_from_db()
    assert (alert.detail, alert.words["detail"]) == ("the company was renamed", [])


@DB
def test_a_stale_feed_is_told_at_once_stands_while_it_is_stale_and_ends_with_new_data() -> None:
    feed = Feed.objects.create(
        code="books", name="Books", system="files", every_seconds=0, created_at=AT, updated_at=AT,
        last_ok_at=AT - timedelta(days=5),
    )  # fmt: skip
    tell(FeedStale("books", "Books", 96, 36, "2026-11-18T06:30:00+00:00", True), "feed:books")
    alert = Alert.objects.get(cause="feed_stale")
    assert alert.title == "Books has brought nothing for 96 hours"
    assert "Upload its next file" in alert.recommended_action
    run_cycle("alerts", AT, at=AT)
    alert.refresh_from_db()
    assert alert.state != Alert.State.CLOSED
    feed.last_ok_at = AT
    feed.save()
    run_cycle("alerts", AT + timedelta(hours=1), at=AT + timedelta(hours=1))
    alert.refresh_from_db()
    assert alert.state == Alert.State.CLOSED


@DB
def test_only_a_grade_that_holds_agents_back_is_told_and_it_ends_when_it_is_better() -> None:
    tell(QualityFell("location", "GD-X", "X godown", "C", "B", 65.0), "location:GD-X")
    assert not Alert.objects.filter(cause="quality_fell").exists()
    tell(
        QualityFell("location", "GD-X", "X godown", "D", "C", 45.0, ("negative_stock",), True),
        "location:GD-X",
    )
    alert = Alert.objects.get(cause="quality_fell")
    assert alert.title == "The data of X godown are graded D"
    assert "negative stock" in alert.detail
    run_cycle("alerts", AT, at=AT)
    alert.refresh_from_db()
    assert alert.state == Alert.State.CLOSED


@DB
def test_an_import_that_fails_or_does_not_tie_is_one_alert_that_its_end_closes() -> None:
    tell(ImportFailed("u1", 4, "files", "sales.csv", "the file ends in a row"), "import:4")
    assert "bring it again" in Alert.objects.get(cause="import_failed").recommended_action
    tell(ImportDiffers("u1", 4, "files", "sales.csv", 2, 10, -60_000_00), "import:4")
    (alert,) = Alert.objects.filter(cause="import_failed")
    assert alert.value_paise == 60_000_00
    assert alert.url == "/data/imports/u1"
    tell(ImportReconciled("u1", 4, "files", "sales.csv", 3, 3, 0, 0, 0), "import:4")
    alert.refresh_from_db()
    assert alert.state == Alert.State.CLOSED


@DB
def test_a_key_that_runs_out_is_told() -> None:
    tell(KeyExpiring("ab12", "ERP", "2026-12-07T00:00:00+00:00", 14, ""), "key:ab12")
    assert "14 days" in Alert.objects.get(cause="key_expiring").title


def tell(payload, subject: str) -> None:
    with transaction.atomic():
        emit(payload, subject=subject, actor=OWNER, at=AT)
    deliver_all()


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.MANAGER, True), (Role.INTEGRATION, True), (Role.AUDITOR, False), (Role.ANALYST, False)],
)
def test_who_only_reads_leaves_alerts_alone(in_alpha, role, may) -> None:
    alert = raised()
    browser = Client(HTTP_HOST="alpha.localhost")
    browser.force_login(add_person(username="somebody", password="a long pass phrase", role=role))
    assert (f"/alerts/{alert.pk}/acknowledge" in browser.get("/alerts").content.decode()) is may
    answer = browser.post(f"/alerts/{alert.pk}/acknowledge")
    assert answer.status_code == (302 if may else 403)
    alert.refresh_from_db()
    assert alert.state == ("acknowledged" if may else "open")
