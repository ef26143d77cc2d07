"""Texts of offers as the local server of DLT has them: each firm's own, and long enough for any offer."""

from __future__ import annotations

import json
from pathlib import Path

from django_tenants.utils import tenant_context

from campaigns.services import MOST_WORDS, ensure_templates
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import fill
from vyapar.messaging.models import ChannelAccount, Template
from vyapar.messaging.services import announce_to_sandbox, open_sandbox_accounts
from vyapar.ops.sandbox.registry import DltTemplate, _by_owner


def test_two_firms_texts_stand_side_by_side_and_hold_the_longest_offer(alpha, beta, settings, tmp_path: Path):
    settings.HOME = tmp_path
    for firm in (alpha, beta):
        with tenant_context(firm):
            ensure_templates()
            open_sandbox_accounts(slug=firm.slug, public_url="http://x.localhost")
            routes = announce_to_sandbox(webhook_base="http://127.0.0.1:1", host_header="x.localhost")
    registered = _by_owner(json.loads(routes.read_text(encoding="utf-8"))["dlt"])
    assert len(registered) == 4
    for firm in (alpha, beta):
        with tenant_context(firm):
            entity = ChannelAccount.objects.get(channel=Channel.SMS).settings["entity_id"]
            for text in Template.objects.filter(channel=Channel.SMS):
                found: DltTemplate = registered[entity, text.provider_template]
                longest = ("Shree Annapurna Kirana and General Stores 052", "06-12-2026", "x" * MOST_WORDS)
                assert found.matches(fill(text.body, longest))
                assert not found.matches("Something else. Reply STOP to opt out.")
