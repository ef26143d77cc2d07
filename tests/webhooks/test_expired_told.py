"""Sales of expired goods are heard outside as they were told, and that they were undone."""

from __future__ import annotations

import orjson
from django.utils import timezone

from tests.builders import deliver_all
from tests.gateway.calling import Caller
from tests.inventory.book import make_book
from tests.webhooks.test_webhooks import ROOT, ear, listen, tell  # noqa: F401
from vyapar.people.contracts import May


def test_an_expired_sale_and_its_cancellation_reach_a_receiver_over_a_socket(alpha, ear):  # noqa: F811
    book = make_book()
    book.batch("S1", "OLD", expires_in=-3)
    book.receive("S1", "OLD", 10)
    endpoint = listen(ear, "ExpiredStockSold", "ExpiredSalesUndone")
    caller = Caller(May.FEED, May.READ)
    line = {"transactionId": "T1", "line": 1, "retailerId": "R1", "sku": "S1", "batch": "OLD", "quantity": 2,
            "unitPrice": "80.00", "timestamp": "2026-11-23T10:00:00+05:30"}  # fmt: skip
    for more in ({}, {"cancelled": True}):
        body = orjson.dumps({"transactions": [{**line, **more}]}).decode()
        answer = caller.post("/api/v1/sales/batch", body)
        assert answer.status_code == 200, answer.content
        deliver_all(timezone.now())
        tell(endpoint, timezone.now())
    assert ear.forged == []
    told, undone = (one.event for one in ear.heard)
    assert (told["name"], told["sku"], told["batch"], told["quantity"]) == (
        "ExpiredStockSold",
        "S1",
        "OLD",
        2,
    )
    (sale,) = told["sales"]
    assert (sale["transactionId"], sale["retailerId"], sale["soldOn"]) == ("T1", "R1", "2026-11-23")
    assert told["value"] == "160.00"
    assert (undone["name"], undone["how"], undone["quantity"]) == ("ExpiredSalesUndone", "cancelled", 2)
    assert undone["subject"] == told["subject"]


def test_the_documentation_names_the_fields_that_are_sent(alpha, ear):  # noqa: F811
    text = (ROOT / "docs/webhooks.md").read_text()
    shown = next(
        orjson.loads(part.split("```")[0])
        for part in text.split("```json\n")[1:]
        if '"ExpiredStockSold"' in part.split("```")[0]
    )
    book = make_book()
    book.batch("S1", "OLD", expires_in=-3)
    book.receive("S1", "OLD", 10)
    endpoint = listen(ear, "ExpiredStockSold")
    line = {"transactionId": "T1", "line": 1, "retailerId": "R1", "sku": "S1", "batch": "OLD", "quantity": 2,
            "unitPrice": "80.00", "timestamp": "2026-11-23T10:00:00+05:30"}  # fmt: skip
    Caller(May.FEED, May.READ).post("/api/v1/sales/batch", orjson.dumps({"transactions": [line]}).decode())
    deliver_all(timezone.now())
    tell(endpoint, timezone.now())
    (heard,) = (one.event for one in ear.heard)
    assert set(shown) <= set(heard)
    assert set(shown["sales"][0]) == set(heard["sales"][0])
