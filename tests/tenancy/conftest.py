"""Things of alpha's, by the name under which an address asks for them."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from alerts.models import MailedReport
from compliance.services import issue
from inventory.models import Brand, DemandAdjustment, DemandOutlier, Location, Retailer, Sku, Territory
from inventory.services import imports
from inventory.services.claims import file_claim
from inventory.services.forecasts import set_override
from tests.builders import OWNER, build_world, propose_transfer, transfer_payload
from tests.compliance.movements import movement
from tests.tenancy.theirs import MARK
from vyapar.engine.services import append_audit
from vyapar.gateway.services import issue_key
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import May
from vyapar.webhooks.models import Endpoint


@pytest.fixture
def theirs(alpha) -> dict[str, str]:
    """What alpha has, by the name of the parameter that asks for it; whatever it calls by name is marked."""
    now = timezone.now()
    world = build_world()
    for model in (Brand, Location, Retailer, Sku, Territory):
        for row in model.objects.all():
            row.name = f"{MARK} {row.name}"
            row.save()
    move = propose_transfer(transfer_payload(world), now)
    key, _secret = issue_key(name=f"{MARK} ERP", scopes=list(May), actor=OWNER, at=now)
    paper = issue(movement(), key=f"{MARK}:1", actor=OWNER, at=now)
    end = Endpoint.objects.create(
        url=f"https://hooks.example.in/{MARK}", events=["*"], description=MARK, secret="whsec_x",
        created_by="user:1", created_at=now, updated_at=now,
    )  # fmt: skip
    feed = imports.ensure_feed(code="ofalpha", name=MARK, system="files", actor=OWNER, at=now)
    run = imports.open_run(
        feed=feed, content=io.BytesIO(b"transactionId\nT1\n"), title=f"{MARK}.csv", options={}, actor=OWNER,
        at=now,
    )  # fmt: skip
    today = ist_day(now)
    claim = file_claim(
        sku="BIS-100", batch="B1", location="GD-PUNE", pieces=4, amount_paise=10_000, filed_on=today,
        reference=f"{MARK}/1", actor=OWNER, at=now,
    )  # fmt: skip
    known = set_override(
        level="category", category="BIS", from_date=today + timedelta(days=7),
        to_date=today + timedelta(days=9), factor=1.5, reason=MARK, actor=OWNER, at=now,
    )  # fmt: skip
    spoken = DemandAdjustment.objects.create(
        sku=Sku.objects.get(code="BIS-100"), from_date=today - timedelta(days=9),
        to_date=today - timedelta(days=3), counts_as=7, sold_pieces=9, reason=MARK, actor_ref="user:1",
        made_at=now,
    )  # fmt: skip
    DemandOutlier.objects.create(
        sku=Sku.objects.get(code="TEA-250"), territory=Territory.objects.get(code="PUNE"), as_of=today,
        from_date=today - timedelta(days=9), to_date=today - timedelta(days=3), sold_pieces=900,
        usual_pieces=70.0, adds_pieces=80.0,
    )  # fmt: skip
    mailed = MailedReport.objects.create(
        kind="list", listing="stock", form="csv", user_id=1, name=MARK, weekday=0, hour=9, next_at=now,
        set_by="user:1", set_by_name=MARK,
    )  # fmt: skip
    append_audit(actor=OWNER, verb="InvoicePrinted", subject=f"invoice:{MARK}", at=now)
    return {
        "action_id": str(move.pk), "actionId": str(move.pk), "paper_id": str(paper.pk), "prefix": key.prefix,
        "endpoint_id": str(end.pk), "delivery_id": str(uuid4()), "code": feed.code, "feed": feed.code,
        "run_id": str(run.pk), "job_id": str(run.pk), "claim_id": str(claim.pk), "token": str(uuid4()),
        "override_id": str(known.pk), "sku": "BIS-100", "batch": "B1", "retailer": "R001",
        "retailer_id": "R001", "territory": "PUNE", "sourceTerritory": "PUNE", "targetTerritory": "NAGPUR",
        "transfer_id": "1", "twins_id": "1", "campaign_id": "C-1", "view_id": "1", "key": move.key,
        "list_id": str(mailed.pk), "adjustment_id": str(spoken.pk),
        "period": "2026-11",
        "report_id": str(uuid4()), "subject": f"action:{move.number}", "location": "GD-PUNE",
        "retailerIds": "R001", "keep": "R001", "reference": f"{MARK}/1", "name": "ActionProposed",
    }  # fmt: skip
