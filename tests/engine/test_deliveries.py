"""Events reach each subscriber exactly once in effect; what cannot be delivered is kept and replayed."""

from datetime import timedelta

import pytest

from tests.probe import AT, OWNER
from vyapar.engine import registry, services
from vyapar.engine.contracts import Subscriber, TrailNoted
from vyapar.engine.models import AuditEntry, Delivery, Event
from vyapar.kernel.errors import Refused

pytestmark = pytest.mark.usefixtures("alpha")


@pytest.fixture
def listener():
    """A subscriber of TrailNoted whose behaviour a test can set."""
    seen, faults = [], []

    def handle(event):
        services.append_audit(actor=OWNER, verb="Heard", subject=event.subject, at=AT)
        if faults:
            raise faults.pop(0)
        seen.append(event)

    registry.hang(Subscriber("tests.listener", "TrailNoted", handle))
    yield seen, faults
    registry._subscribers.pop("tests.listener")


def note(subject="door:1"):
    return services.emit(TrailNoted("opened", {"price_paise": 12_345}), subject=subject, actor=OWNER, at=AT)


def test_an_event_is_handed_over_once_however_often_it_is_delivered(listener):
    seen, _ = listener
    note()
    ids = services.lease_due(AT)
    assert [services.deliver(ids, at=AT) for _ in range(3)] == [1, 0, 0]
    assert [event.payload["detail"] for event in seen] == [{"price": "123.45"}]
    assert AuditEntry.objects.filter(verb="Heard").count() == 1


def test_a_leased_delivery_is_not_leased_again_until_its_lease_is_over(listener):
    note()
    assert len(services.lease_due(AT)) == 1
    assert services.lease_due(AT) == []
    assert len(services.lease_due(AT + timedelta(minutes=3))) == 1


def test_a_handler_that_fails_leaves_no_trace_and_is_tried_again(listener):
    seen, faults = listener
    faults.append(RuntimeError("no light"))
    note()
    ids = services.lease_due(AT)
    assert services.deliver(ids, at=AT) == 0
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.last_error) == ("pending", 1, "RuntimeError: no light")
    assert not AuditEntry.objects.filter(verb="Heard").exists()
    assert services.deliver(ids, at=AT + timedelta(seconds=2)) == 1
    assert len(seen) == 1


def test_a_refusal_is_a_dead_letter_at_once_and_can_be_replayed(listener):
    seen, faults = listener
    faults.append(Refused("never"))
    note()
    services.deliver(services.lease_due(AT), at=AT)
    dead = Delivery.objects.get()
    assert dead.state == "dead"
    assert services.lease_due(AT + timedelta(days=1)) == []
    services.replay(dead.pk, actor=OWNER, at=AT)
    services.deliver(services.lease_due(AT), at=AT)
    assert len(seen) == 1
    with pytest.raises(Refused):
        services.replay(dead.pk, actor=OWNER, at=AT)


def test_patience_ends(listener):
    _, faults = listener
    faults.extend(RuntimeError(str(n)) for n in range(20))
    note()
    ids = list(Delivery.objects.values_list("pk", flat=True))
    for hour in range(8):
        services.deliver(ids, at=AT + timedelta(hours=hour))
    assert Delivery.objects.get().state == "dead"


def test_events_nobody_wants_make_no_deliveries():
    note()
    assert Event.objects.count() == 1
    assert not Delivery.objects.exists()
