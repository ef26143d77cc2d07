"""One journey per agent, through HTTP and real workers: nobody helps them but the clock."""

from __future__ import annotations

from io import BytesIO

import pypdf
import pytest

from tests.journeys.conftest import wait_for

pytestmark = pytest.mark.stack


def events(client, name: str) -> list[dict]:
    return client.get("/api/v1/events", params={"name": name, "limit": 1000}).json()["results"]


def cycles(client) -> dict[str, dict]:
    return {event["agent"]: event for event in events(client, "CycleCompleted")}


def test_analysis_and_monitoring_score_the_stock_by_themselves(owner):
    wait_for(lambda: {"analysis", "monitoring"} <= set(cycles(owner)), "the first two cycles")
    items = owner.get("/api/v1/inventory/current", params={"limit": 500}).json()["results"]
    assert items
    assert {item["status"] for item in items} <= {"active", "slow_moving", "dead", "liquidating"}
    assert all(0 <= item["deadStockScore"] <= 100 for item in items)
    dead = {(item["sku"], item["territory"]) for item in items if item["status"] == "dead"}
    told = {(event["sku"], event["territory"]) for event in events(owner, "DeadStockDetected")}
    assert dead <= told


def test_new_sales_move_stock_and_are_taken_once(owner):
    wait_for(lambda: "monitoring" in cycles(owner), "Monitoring")
    item = max(
        owner.get("/api/v1/inventory/current", params={"limit": 500}).json()["results"],
        key=lambda one: one["currentStock"] - one["reservedStock"],
    )
    sales = owner.get("/stock").text  # the page answers while sales come in
    assert "Dead stock" in sales
    line = {
        "transactionId": "J-1",
        "line": 1,
        "retailerId": _some_retailer(owner, item["territory"]),
        "sku": item["sku"],
        "quantity": 2,
        "unitPrice": "10.00",
        "timestamp": _now(),
        "territory": item["territory"],
    }
    first = owner.post("/api/v1/sales/batch", json=[line])
    again = owner.post("/api/v1/sales/batch", json=[line])
    assert first.status_code in (200, 207), first.text
    assert first.json()["accepted"] == 1, first.text
    assert (again.json()["accepted"], again.json()["duplicates"]) == (0, 1)


def _now() -> str:
    from datetime import UTC, datetime, timedelta

    return (datetime.now(UTC) - timedelta(minutes=1)).isoformat()


def _some_retailer(client, territory: str) -> str:
    answer = client.get("/api/v1/retailers", params={"limit": 1000}).json()["results"]
    return next(one["retailerId"] for one in answer if one["territory"] == territory)


@pytest.fixture(scope="module")
def carried_out(owner):
    """A transfer that the owner asks for, approves, and that a worker carries out with its papers."""
    wait_for(lambda: "monitoring" in cycles(owner), "Monitoring")
    action = _open_transfer(owner)
    if action["status"] == "proposed":
        answer = owner.post(
            f"/api/v1/actions/{action['actionId']}/approve", json={"version": action["version"]}
        )
        assert answer.status_code == 200, answer.text
    return wait_for(lambda: _executed(owner, action["actionId"]), "the transfer to be carried out")


def _executed(client, action_id: str) -> dict | None:
    action = client.get(f"/api/v1/actions/{action_id}").json()
    return action if action["status"] == "executed" else None


def _open_transfer(client) -> dict:
    standing = client.get("/api/v1/actions", params={"kind": "transfer"}).json()["results"]
    for action in standing:
        if action["status"] in ("proposed", "approved", "auto_approved", "executing", "executed"):
            return action
    items = client.get("/api/v1/inventory/current", params={"limit": 500}).json()["results"]
    places = sorted({item["territory"] for item in items})
    for item in sorted(items, key=lambda one: one["reservedStock"] - one["currentStock"]):
        for target in places:
            if target == item["territory"]:
                continue
            answer = client.put(
                f"/api/v1/inventory/{item['sku']}/reallocation",
                json={"sourceTerritory": item["territory"], "targetTerritory": target, "quantity": 1},
            )
            if answer.status_code == 202:
                return answer.json()
    raise AssertionError("no transfer could be asked for")


def test_reallocation_moves_stock_with_its_papers(owner, carried_out):
    papers = carried_out["receipt"]["data"]["documents"]
    assert papers
    transfers = owner.get("/api/v1/transfers").json()["results"]
    mine = next(t for t in transfers if t["actionId"] == carried_out["actionId"])
    assert mine["complianceDocuments"] == [paper["number"] for paper in papers]
    received = owner.post(f"/api/v1/transfers/{mine['transferId']}/receipt", json={"lines": []})
    assert received.json()["status"] == "received", received.text
    wait_for(lambda: events(owner, "ReallocationExecuted"), "ReallocationExecuted")


def test_compliance_prints_the_paper_and_the_months_report(owner, carried_out):
    paper = carried_out["receipt"]["data"]["documents"][0]
    pdf = owner.get(f"/api/v1/documents/{paper['documentId']}/pdf", timeout=120)
    assert pdf.status_code == 200, pdf.text[:300]
    text = "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(pdf.content)).pages)
    assert paper["number"] in text
    assert "SIMULATED" in text
    period = carried_out["decidedAt"][:7]
    report = owner.get(f"/reports/v1/regulatory/{period}", timeout=120).json()
    assert paper["number"] in [row["number"] for row in report["documents"]]
    assert report["chain"]["intact"]


def test_liquidation_looks_and_says_what_it_left_alone(owner):
    done = wait_for(lambda: cycles(owner).get("liquidation"), "Liquidation")
    assert done["proposals"] + done["passedOver"] > 0
    page = owner.get(f"/agents/cycles/{done['cycleId']}")
    assert page.status_code == 200


def test_alerts_are_raised_for_what_stands(owner):
    wait_for(lambda: "alerts" in cycles(owner), "Alerts")
    assert wait_for(lambda: events(owner, "AlertRaised"), "an alert")
    assert owner.get("/alerts").status_code == 200


def test_the_trail_says_who_did_what_and_its_chain_holds(owner, carried_out):
    trail = owner.get("/audit/v1/trail", params={"subject": f"action:{carried_out['number']}"}).json()[
        "results"
    ]
    assert [entry["verb"] for entry in trail][:1] == ["ActionProposed"]
    assert "The chain holds" in owner.get("/trail?verify=1").text
