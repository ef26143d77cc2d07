"""What the scraper reads: figures of every distributor, for the platform and for nobody else."""

from __future__ import annotations

import pytest
from django.test import Client
from django_tenants.utils import tenant_context
from prometheus_client.parser import text_string_to_metric_families

from tests.probe import Probe, hung, open_action
from vyapar.engine import registry
from vyapar.engine.contracts import Tally
from vyapar.ops.metrics import Tallies, flat, read_tallies


@pytest.fixture
def fresh_reading(monkeypatch):
    """Every scrape reads anew."""
    monkeypatch.setattr("vyapar.ops.metrics.KEPT_SECONDS", -1.0)


def scrape(**headers: str) -> dict[tuple[str, ...], float]:
    answer = Client(**headers).get("/metrics")
    assert answer.status_code == 200
    return {
        (s.name, *(s.labels.get(n, "") for n in ("tenant", "of", "what"))): s.value
        for family in text_string_to_metric_families(answer.content.decode())
        for s in family.samples
    }


def test_actions_of_each_distributor_are_counted_apart(alpha, beta, fresh_reading):
    before = scrape()
    with hung(Probe()):
        open_action("thing:1")
        with tenant_context(beta):
            open_action("thing:1")
            open_action("thing:2")
        after = scrape()
    new = {
        tenant: sum(
            value - before.get(key, 0)
            for key, value in after.items()
            if key[0] == "vyapar_actions" and key[1] == tenant
        )
        for tenant in ("alpha", "beta")
    }
    assert new == {"alpha": 1, "beta": 2}


def test_a_tally_that_fails_is_told_and_takes_no_other_with_it(alpha, monkeypatch):
    def fail() -> dict[str, int]:
        raise RuntimeError("no figures today")

    monkeypatch.setitem(registry._tallies, "aaa_broken", Tally("aaa_broken", fail))
    monkeypatch.setitem(registry._tallies, "zzz_sound", Tally("zzz_sound", lambda: {"seen": 7}))
    found = list(read_tallies())
    assert ("alpha", "scrape", "aaa_broken", "failed", 1.0) in found
    assert ("alpha", "zzz_sound", "", "seen", 7.0) in found


def test_texts_and_flags_are_no_figures():
    figures = {"a": 1, "b": {"c": 2, "error": "late", "ok": True}, "d": "text", "e": None}
    assert list(flat(figures)) == [("", "a", 1.0), ("b", "c", 2.0)]


def test_one_reading_serves_the_scrapes_of_the_next_seconds(alpha):
    tallies = Tallies()
    list(tallies.collect())
    read_at = tallies._read_at
    list(tallies.collect())
    assert tallies._read_at == read_at


@pytest.mark.django_db
@pytest.mark.parametrize("through_proxy", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED"])
def test_nobody_scrapes_through_the_proxy(through_proxy):
    assert Client(**{through_proxy: "203.0.113.9"}).get("/metrics").status_code == 403
    assert Client(REMOTE_ADDR="203.0.113.9").get("/metrics").status_code == 403


@pytest.mark.django_db
def test_with_a_token_set_only_its_bearer_scrapes(settings):
    settings.METRICS_TOKEN = "seen-by-prometheus"
    assert Client().get("/metrics").status_code == 403
    assert Client(HTTP_AUTHORIZATION="Bearer seen-by-nobody").get("/metrics").status_code == 403
    right = Client(HTTP_AUTHORIZATION="Bearer seen-by-prometheus", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert right.get("/metrics").status_code == 200
