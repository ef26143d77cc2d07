"""Property 13: whatever must be known reaches somebody, as urgently as it is, with what to do."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.agent import Dead, Expiring, StandingSnapshot, Waiting, decide
from alerts.contracts import Recipient, Urgency
from alerts.rules import CONCERNS, AlertPolicy, recipients_of, urgency_of, ways_of
from tests.builders import AT, TODAY
from vyapar.people.contracts import Role

money = st.one_of(st.sampled_from([0, 1, 999_999, 1_000_000, 5_000_000, 25_000_000]), st.integers(0, 10**10))
days = st.one_of(st.sampled_from([0, 5, 6, 15, 16]), st.integers(0, 90))
places = st.sampled_from(["PUNE", "NAGPUR", "BENGALURU"])
unique = {"unique_by": lambda row: row.territory, "max_size": 3}

snapshots = st.builds(
    StandingSnapshot,
    as_of=st.just(AT),
    today=st.just(TODAY),
    expiring=st.lists(
        st.builds(Expiring, places, st.just("A place"), st.just(30), st.integers(1, 9), st.integers(1, 999),
                  money, days), **unique,
    ).map(tuple),
    dead=st.lists(
        st.builds(Dead, places, st.just("A place"), st.integers(1, 9), st.integers(1, 999), money), **unique
    ).map(tuple),
    waiting=st.builds(Waiting, st.integers(0, 5), st.integers(-1_000, 10**8), st.integers(0, 48)),
    last_sale_date=st.one_of(st.none(), st.integers(0, 9).map(lambda n: TODAY - timedelta(days=n))),
)  # fmt: skip
crews = st.lists(
    st.builds(
        Recipient,
        user_id=st.integers(1, 99),
        role=st.sampled_from([role.value for role in Role]),
        channels=st.sampled_from([("in_app",), ("in_app", "email")]),
        alert_from=st.sampled_from(list(Urgency)),
        email=st.sampled_from(["", "a@example.in"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda person: person.user_id,
)
policies = st.tuples(st.lists(st.integers(0, 500_000), min_size=3, max_size=3).map(sorted),
                     st.lists(st.integers(0, 60), min_size=2, max_size=2).map(sorted)).map(
    lambda drawn: AlertPolicy(*drawn[0], high_days=drawn[1][1], critical_days=drawn[1][0]))  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(snapshots, policies, crews)
def test_every_breach_is_told_with_urgency_and_advice_to_those_it_concerns(snapshot, policy, crew):
    """Feature: vyapar-sahayak-distributor, Property 13: Alert System Completeness.

    For any threshold breach or urgent condition, the alert system should generate notifications
    with appropriate urgency levels, include recommended actions, and deliver to correctly
    identified stakeholders based on their roles and preferences.
    """
    found = decide(snapshot, policy).outcome
    told = {(c.cause, c.subject) for c in found}
    assert len(told) == len(found)
    wanted = {("expiring", f"territory:{r.territory}/30") for r in snapshot.expiring if r.paise}
    wanted |= {("dead_stock", f"territory:{r.territory}") for r in snapshot.dead if r.paise}
    wanted |= {("action_waiting", "inbox")} if snapshot.waiting.count else set()
    last = snapshot.last_sale_date
    wanted |= {("feed_stale", "feed:sales")} if last and (TODAY - last).days > 2 else set()
    assert told == wanted
    for one in found:
        urgency = urgency_of(one, policy)
        assert one.recommended_action
        assert one.url.startswith("/")
        if one.value_paise // 100 >= policy.critical_rupees:
            assert urgency is Urgency.CRITICAL
        people = recipients_of(one, urgency, crew)
        assert people, "an alert without a recipient is an error"
        willing = {
            p.user_id for p in crew
            if p.role in CONCERNS[one.cause] and urgency.rank >= p.alert_from.rank
        }  # fmt: skip
        assert {p.user_id for p in people} == willing or not willing
        if not willing and any(p.role == "owner" for p in crew):
            assert {p.role for p in people} == {"owner"}
        for person in people:
            ways = ways_of(person, urgency)
            assert "in_app" in ways
            wants = "email" in person.channels and bool(person.email) and urgency is not Urgency.LOW
            assert ("email" in ways) == wants


@settings(max_examples=100, deadline=None)
@given(snapshots, policies, st.integers(0, 10**9))
def test_more_rupees_are_never_less_urgent(snapshot, policy, more):
    from dataclasses import replace

    for one in decide(snapshot, policy).outcome:
        worse = replace(one, value_paise=one.value_paise + more)
        assert urgency_of(worse, policy).rank >= urgency_of(one, policy).rank
