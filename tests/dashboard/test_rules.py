"""Business rules on the settings' page: lists and tables are changed there as single values are."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from campaigns.contracts import CampaignPolicy
from inventory.contracts import MonitoringPolicy, TradeChannel
from vyapar.dashboard.views.rules import read_rules
from vyapar.engine.models import AuditEntry, PolicyVersion
from vyapar.engine.selectors import get_policy
from vyapar.kernel.errors import Invalid
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

POLICY = MonitoringPolicy()


@pytest.mark.parametrize(
    ("policy", "posted", "changes"),
    [
        (POLICY, {"closed_weekdays": "5, 6"}, {"closed_weekdays": [5, 6]}),
        (POLICY, {"closed_weekdays": ""}, {"closed_weekdays": []}),
        (POLICY, {"holidays": "2026-11-08; 2026-11-09 ,"}, {"holidays": ["2026-11-08", "2026-11-09"]}),
        (CampaignPolicy(), {"rungs_bp": "500,1000"}, {"rungs_bp": [500, 1000]}),
        (POLICY, {"learning": "false"}, {"learning": False}),
        (POLICY, {"dead_stock_threshold": "75"}, {"dead_stock_threshold": 75}),
        (
            POLICY,
            {"minimum_life_at_sale_days.modern_trade": "60", "minimum_life_at_sale_days.institution": ""},
            {
                "minimum_life_at_sale_days": {
                    "general_trade": 30,
                    "e_commerce": 45,
                    "quick_commerce": 45,
                    "modern_trade": 60,
                },
            },
        ),
        (
            MonitoringPolicy(minimum_life_at_sale_days={"general_trade": 30, "e_commerce": 45}),
            {"minimum_life_at_sale_days.e_commerce": " "},
            {"minimum_life_at_sale_days": {"general_trade": 30}},
        ),
        (
            POLICY,
            {"minimum_life_share_bp.modern_trade": "5000", "minimum_life_share_bp.e_commerce": ""},
            {"minimum_life_share_bp": {"quick_commerce": 3_000, "modern_trade": 5_000}},
        ),
    ],
)
def test_what_a_form_changes(policy, posted, changes):
    assert read_rules(policy, posted) == changes


def test_one_field_of_a_table_changes_it_and_leaves_its_other_keys():
    part = next(iter(POLICY.score_weights))
    found = read_rules(POLICY, {f"score_weights.{part}": "99"})
    assert found == {"score_weights": {**POLICY.score_weights, part: 99}}


@pytest.mark.parametrize(
    ("posted", "field"),
    [
        ({"closed_weekdays": "6, Sunday"}, "closed_weekdays"),
        ({"score_weights.cover": "many"}, "score_weights"),
        ({"minimum_life_at_sale_days.modern_trade": "sixty"}, "minimum_life_at_sale_days"),
        ({"dead_stock_threshold": "sixty"}, "dead_stock_threshold"),
    ],
)
def test_what_cannot_be_read_names_its_rule(posted, field):
    with pytest.raises(Invalid) as refused:
        read_rules(POLICY, posted)
    assert [fault.field for fault in refused.value.faults] == [field]


def test_every_place_that_cannot_be_read_is_named_at_once():
    posted = {"closed_weekdays": "x", "dead_stock_threshold": "y", "score_weights.cover": "z"}
    with pytest.raises(Invalid) as refused:
        read_rules(POLICY, posted)
    assert len(refused.value.faults) == 3


def test_a_form_that_changes_nothing_is_refused():
    same = {"closed_weekdays": "6", "holidays": "", "learning": "true"}
    same |= {f"score_weights.{key}": str(value) for key, value in POLICY.score_weights.items()}
    with pytest.raises(Invalid) as refused:
        read_rules(POLICY, same)
    assert refused.value.code == "nothing_changed"


# --- on the page ---------------------------------------------------------------------------


def client(role: Role) -> Client:
    person = add_person(username=f"the-{role}", password="a long pass phrase", role=role)
    browser = Client(HTTP_HOST="alpha.localhost")
    browser.force_login(person)
    return browser


def test_the_owner_changes_a_table_and_a_list_with_a_day_and_a_reason(in_alpha):
    browser = client(Role.OWNER)
    page = browser.get("/settings").content.decode()
    part = next(iter(POLICY.score_weights))
    assert f'name="score_weights.{part}"' in page
    for channel in TradeChannel:
        assert f'name="minimum_life_at_sale_days.{channel}"' in page
        assert f'name="minimum_life_share_bp.{channel}"' in page
    assert 'name="minimum_life_at_sale_days.e_commerce" value="45"' in page
    assert 'name="minimum_life_at_sale_days.modern_trade" value=""' in page
    posted = {"closed_weekdays": "5,6", "minimum_life_at_sale_days.general_trade": "40", "reason": "festival"}
    browser.post("/settings/rules/monitoring", posted)
    policy, version = get_policy("monitoring")
    assert (version, policy.closed_weekdays) == (1, (5, 6))
    assert policy.minimum_life_at_sale_days == {"general_trade": 40, "e_commerce": 45, "quick_commerce": 45}
    entry = AuditEntry.objects.get(verb="PolicyChanged")
    assert entry.reason == "festival"


def test_a_table_that_the_rules_refuse_leaves_no_version_and_says_why(in_alpha):
    part = next(iter(POLICY.score_weights))
    answer = client(Role.OWNER).post(
        "/settings/rules/monitoring", {f"score_weights.{part}": "0"}, follow=True
    )
    assert "100" in answer.content.decode()
    assert not PolicyVersion.objects.exists()


def test_a_manager_reads_tables_and_cannot_change_them(in_alpha):
    browser = client(Role.MANAGER)
    page = browser.get("/settings").content.decode()
    assert "score_weights." not in page
    assert browser.post("/settings/rules/monitoring", {"closed_weekdays": "5"}).status_code == 403
    assert not PolicyVersion.objects.exists()


@pytest.mark.parametrize(
    ("posted", "told"),
    [
        ({"claim_success_bp": "20000"}, "Chance that the company accepts a claim: must be 0 to 10000"),
        ({"discount_rungs_bp": "50000"}, "Further discounts to look at: must be at most eight discounts"),
        (
            {"slow_moving_threshold": "61"},
            "Days without a sale until stock is slow-moving: must not be above "
            "“Days without a sale until stock is dead”",
        ),
    ],
)
def test_a_rule_that_is_refused_is_told_by_its_name_on_the_page(in_alpha, posted, told) -> None:
    browser = Client(HTTP_HOST="alpha.localhost")
    browser.force_login(add_person(username="asha", password="rules-are-2-told", role=Role.OWNER))
    page = browser.post("/settings/rules/monitoring", posted, follow=True).content.decode()
    assert f"These rules cannot be kept. {told}" in html.unescape(page)
    assert not PolicyVersion.objects.exists()


def test_rules_that_are_refused_stand_as_they_were_typed_with_the_why_at_each(in_alpha):
    posted = {
        "claim_success_bp": "20000", "claim_days": "forty", "closed_weekdays": "5, x", "learning": "false",
        "minimum_life_at_sale_days.general_trade": "41", "minimum_life_at_sale_days.modern_trade": "sixty",
        "effective_date": "2031-01-02", "reason": "festival",
    }  # fmt: skip
    browser = client(Role.OWNER)
    answer = browser.post("/settings/rules/monitoring", posted)
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    mine = page[page.index('action="/settings/rules/monitoring"') :].split("</form>")[0]
    for name, text in posted.items():
        if name != "learning":
            tag = re.search(f'<input[^>]*name="{re.escape(name)}"[^>]*>', mine)
            assert tag, name
            assert f'value="{text}"' in tag[0]
    assert '<option value="false" selected>' in mine.split('name="learning"')[1].split("</select>")[0]
    wrong = [part for part in mine.split('<div class="field')[1:] if part.startswith(" field--wrong")]
    named = {re.search(r'id="monitoring-(\w+)"', part)[1] for part in wrong}
    assert named == {"claim_days", "closed_weekdays", "minimum_life_at_sale_days"}
    right = {"claim_days": "40", "closed_weekdays": "5", "minimum_life_at_sale_days.modern_trade": "60"}
    again = browser.post("/settings/rules/monitoring", posted | right)
    mine = html.unescape(again.content.decode()).split('action="/settings/rules/monitoring"')[1]
    wrong = [part for part in mine.split("</form>")[0].split('<div class="field')[1:] if "--wrong" in part]
    assert len(wrong) == 1
    assert 'id="monitoring-claim_success_bp"' in wrong[0], "the rules' own checks name their field too"
    assert not PolicyVersion.objects.exists()
