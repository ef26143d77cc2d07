"""Property 16: each distributor has its own data and rules; neither reaches into the other's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django_tenants.utils import tenant_context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import AT, OWNER, TODAY
from tests.probe import Probe, hung, open_action
from vyapar.engine.models import Action, AuditEntry, Event
from vyapar.engine.selectors import autonomy_of, get_policy, is_halted, verify_audit
from vyapar.engine.services import pull, set_autonomy, set_policy

DB = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def undone() -> Iterator[None]:
    """What an example writes is taken back; the world is built once."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


settings_of = st.fixed_dictionaries(
    {
        "days": st.integers(1, 60),
        "rupees": st.tuples(st.integers(0, 100), st.integers(100, 200), st.integers(200, 300)),
        "limit": st.integers(0, 10**6),
        "halt": st.sampled_from([None, "transfer", "campaign"]),
        "subjects": st.sets(st.integers(1, 50), max_size=1),
    }
)


@DB
@given(ours=settings_of, theirs=settings_of)
def test_data_and_rules_of_each_distributor_stay_its_own(alpha, beta, ours, theirs):
    """Feature: vyapar-sahayak-distributor, Property 16: Multi-Tenant Isolation and Customization.

    For any multi-tenant deployment, each distributor's data should be completely isolated, and
    tenant-specific configurations (business rules, workflows, alerts) should be properly applied
    without cross-tenant interference.
    """
    sides = ((alpha, ours), (beta, theirs))
    with undone(), hung(Probe()):
        for distributor, wanted in sides:
            with tenant_context(distributor):
                _set(wanted)
        for distributor, wanted in sides:
            with tenant_context(distributor):
                _check(wanted)


def _set(wanted) -> None:
    medium, high, critical = wanted["rupees"]
    rules = {"medium_rupees": medium, "high_rupees": high, "critical_rupees": critical}
    set_policy("liquidation", {"campaign_days": wanted["days"]}, effective_date=TODAY, actor=OWNER, at=AT)
    set_policy("alerts", rules, effective_date=TODAY, actor=OWNER, at=AT)
    set_autonomy("transfer", {"max_value_paise": wanted["limit"]}, actor=OWNER, at=AT)
    for number in wanted["subjects"]:
        open_action(f"thing:{number}")
    if wanted["halt"]:
        pull(actor=OWNER, at=AT, kind=wanted["halt"])


def _check(wanted) -> None:
    policy, version = get_policy("liquidation", TODAY)
    assert (policy.campaign_days, version) == (wanted["days"], 1)
    alerts, _ = get_policy("alerts", TODAY)
    assert (alerts.medium_rupees, alerts.high_rupees, alerts.critical_rupees) == wanted["rupees"]
    assert autonomy_of("transfer").max_value_paise == wanted["limit"]
    assert [kind for kind in ("transfer", "campaign") if is_halted(kind)] == (
        [wanted["halt"]] if wanted["halt"] else []
    )
    subjects = {f"thing:{number}" for number in wanted["subjects"]}
    assert set(Action.objects.values_list("subject", flat=True)) == subjects
    assert Event.objects.filter(name="ActionProposed").count() == len(subjects)
    count, breaks = verify_audit()
    assert (count, breaks) == (AuditEntry.objects.count(), [])
