"""Ways of going through a cycle in parts."""

from __future__ import annotations

from tests.conftest import NOW
from vyapar.engine import services
from vyapar.engine.models import Cycle


def in_turn(agent: str) -> Cycle:
    """Part after part, by whoever began."""
    cycle = services.run_cycle(agent, NOW, at=NOW)
    assert cycle.parts.count() > 2
    return cycle


def backwards(agent: str) -> Cycle:
    """By workers, the last part first, each twice."""
    cycle = services.run_cycle(agent, NOW, at=NOW, spread=True)
    assert cycle.state == "running"
    for number in reversed(services.list_open_parts(cycle.pk)):
        assert not services.close_split(cycle.pk, at=NOW)
        assert services.run_part(cycle.pk, number, at=NOW)
        assert not services.run_part(cycle.pk, number, at=NOW)
    assert services.close_split(cycle.pk, at=NOW)
    assert not services.close_split(cycle.pk, at=NOW)
    return cycle
