"""Limits and policies: versions, dates, and who may change them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.probe import AT, OWNER, open_action
from vyapar.engine import services
from vyapar.engine.contracts import ActionView, Autonomy, Mode
from vyapar.engine.models import AuditEntry, PolicyVersion
from vyapar.engine.rules import judge
from vyapar.engine.selectors import autonomy_of, get_policy
from vyapar.kernel.actor import agent, system
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.errors import Forbidden, Invalid, Refused
from vyapar.kernel.lifecycle import Status

TODAY = date(2026, 11, 23)


@pytest.mark.usefixtures("alpha", "probe")
class TestChanging:
    """Changes on the real tables."""

    def test_an_agent_cannot_change_its_own_limits(self):
        with pytest.raises(Forbidden):
            services.set_autonomy("probe", {"mode": "auto"}, actor=agent("probe"), at=AT)
        with pytest.raises(Forbidden):
            services.set_policy("probe", {}, effective_date=TODAY, actor=agent("probe"), at=AT)

    def test_a_change_is_a_new_version_with_the_old_values_in_the_trail(self):
        limits = services.set_autonomy("probe", {"mode": "propose"}, actor=OWNER, at=AT, reason="festival")
        assert (limits.version, limits.mode) == (1, Mode.PROPOSE)
        assert open_action().status == Status.PROPOSED
        entry = AuditEntry.objects.filter(verb="PolicyChanged").get()
        assert '"mode":"auto_within_limits"' in entry.body
        assert entry.reason == "festival"

    def test_limits_step_down_without_a_person_and_never_up(self):
        limits = services.set_autonomy(
            "probe", {"mode": "auto", "max_quantity": 7}, actor=OWNER, at=AT - timedelta(days=1)
        )
        assert services.step_down("probe", actor=system("tests"), at=AT, reason="it no longer fits")
        found = autonomy_of("probe")
        assert (found.mode, found.version) == (Mode.PROPOSE, limits.version + 1)
        assert found.max_quantity == 7, "the limits stay as they were"
        entry = AuditEntry.objects.filter(verb="PolicyChanged").latest("seq")
        assert (entry.reason, entry.actor_ref) == ("it no longer fits", system("tests").ref)
        assert not services.step_down("probe", actor=system("tests"), at=AT, reason="again"), (
            "it waits already"
        )
        services.set_autonomy("probe", {"mode": "observe"}, actor=OWNER, at=AT)
        assert not services.step_down("probe", actor=system("tests"), at=AT, reason="again")
        assert autonomy_of("probe").mode is Mode.OBSERVE

    def test_whoever_set_limits_after_the_reason_knew_of_it(self):
        services.set_autonomy("probe", {"mode": "auto"}, actor=OWNER, at=AT)
        early = AT - timedelta(seconds=1)
        assert not services.step_down("probe", actor=system("tests"), at=early, reason="old")
        assert autonomy_of("probe").mode is Mode.AUTO

    def test_bad_limits_are_refused_by_name(self):
        with pytest.raises(Invalid) as caught:
            services.set_autonomy("probe", {"mode": "wild", "undo_seconds": -1}, actor=OWNER, at=AT)
        assert {fault.field for fault in caught.value.faults} == {"mode", "undo_seconds"}
        assert autonomy_of("probe").version == 0

    def test_observing_opens_no_action(self):
        services.set_autonomy("probe", {"mode": "observe"}, actor=OWNER, at=AT)
        assert open_action().code == "observe"

    def test_a_rule_takes_effect_on_its_day_and_not_before(self):
        services.set_policy("probe", {"threshold_days": 45}, effective_date=TODAY, actor=OWNER, at=AT)
        services.set_policy(
            "probe", {"threshold_days": 60}, effective_date=TODAY + timedelta(days=7), actor=OWNER, at=AT
        )
        assert get_policy("probe", TODAY - timedelta(days=1))[0].threshold_days == 30
        assert get_policy("probe", TODAY)[0].threshold_days == 45
        policy, version = get_policy("probe", TODAY + timedelta(days=7))
        assert (policy.threshold_days, version) == (60, 2)

    def test_no_rule_takes_effect_in_the_past_and_no_unknown_rule_at_all(self):
        with pytest.raises(Invalid, match="past"):
            services.set_policy(
                "probe", {"threshold_days": 1}, effective_date=date(2026, 1, 1), actor=OWNER, at=AT
            )
        with pytest.raises(Invalid, match="colour"):
            services.set_policy("probe", {"colour": 1}, effective_date=TODAY, actor=OWNER, at=AT)
        with pytest.raises(Refused):
            services.set_policy("probe", {"threshold_days": -1}, effective_date=TODAY, actor=OWNER, at=AT)
        assert not PolicyVersion.objects.exists()


def view(**changes) -> ActionView:
    values = {
        "id": None, "number": 1, "kind": "probe", "subject": "s", "status": Status.PROPOSED, "title": "t",
        "payload": {}, "value_paise": 0, "net_paise": 0, "quantity": 0, "discount_bp": 0, "confidence": 1.0,
        "agent": "probe", "key": "k", "version": 1, "proposed_at": AT, "expires_at": AT,
    }  # fmt: skip
    return ActionView(**{**values, **changes})


amounts = st.integers(0, 10**9)


@given(
    amounts,
    amounts,
    amounts,
    amounts,
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_within_limits_means_every_limit_at_once(value, most, spent, cap, discount, steepest, sure, surest):
    limits = Autonomy("probe", 1, Mode.AUTO_WITHIN_LIMITS, most, 10**9, steepest, surest, 0, cap)
    verdict = judge(
        view(value_paise=value, discount_bp=discount, confidence=sure),
        limits,
        (),
        spent_today_paise=spent,
        halted=False,
    )
    inside = value <= most and discount <= steepest and sure >= surest and spent + value <= cap
    assert verdict.alone == inside
    assert verdict.reasons


@given(st.sampled_from(Mode), st.sampled_from(Severity), st.booleans())
def test_a_block_a_warning_or_the_stop_button_always_brings_in_a_person(mode, severity, halted):
    limits = Autonomy("probe", 1, mode, 10**9, 10**9, 10_000, 0.0, 0, 10**9)
    finding = Finding("X1", severity, "something")
    verdict = judge(view(), limits, (finding,), spent_today_paise=0, halted=halted)
    free = mode in (Mode.AUTO, Mode.AUTO_WITHIN_LIMITS) and severity is Severity.INFO and not halted
    assert verdict.alone == free
