"""A small invented firm for integrators to try their code on; everything in it is SIMULATED."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
from django.db import transaction

from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine
from inventory.models import Batch, Location, MovementKind
from inventory.services.demonstration import open_desk
from inventory.services.exports import queue_export
from inventory.services.imports import ensure_feed
from inventory.services.ledger import record_movements
from inventory.services.lines import MovementLine
from inventory.services.masters import save_masters
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.gstin import check_character

_PAN = "AAPFS0939F"  # of a firm that does not exist
_PIECES = 480
#: Code, name, State, pincode, place, latitude, longitude.
_PLACES = (
    ("MUM", "Mumbai", "27", "400069", "Andheri", 19.12, 72.85),
    ("BLR", "Bengaluru", "29", "560001", "Bengaluru", 12.98, 77.59),
)
#: SKU, name, HSN, item of the rate table, MRP, trade price and cost in paise, pieces in a case.
_GOODS = (
    ("BIS-00042", "Glucose biscuits 100 g", "19053100", "Biscuits", 2_000, 1_850, 1_400, 24),
    ("TEA-00007", "Leaf tea 250 g", "09024020", "Tea", 14_500, 13_400, 10_200, 12),
    ("SOAP-0003", "Bath soap 75 g", "34011190", "Toilet soap bars", 4_200, 3_850, 2_700, 36),
)
_SHOPS = 4


def gstin_of(state: str) -> str:
    """The GSTIN of the invented firm in a State; its check character is right."""
    stem = f"{state}{_PAN}1Z"
    return stem + check_character(stem)


@transaction.atomic
def seed_sandbox(*, actor: Actor, at: datetime) -> None:
    """Places, SKUs, batches with stock, shops, people, books with a sample document; safe to repeat.

    Stock is received once: what an integrator has moved since stays moved.
    """
    open_desk(at=at)
    save_masters(
        {
            "registrations": _registrations(),
            "territories": _territories(),
            "locations": pl.concat([_godowns(), _outlets()]),
            "retailers": _retailers(),
            "brands": pl.DataFrame(
                {"name": ["Namuna"], "return_days": [None]}, schema_overrides={"return_days": pl.Int64}
            ),
            "categories": pl.DataFrame({"code": ["GEN"], "name": ["General"]}),
            "skus": _skus(),
            "batches": _batches(at),
        },
        actor=actor,
        at=at,
    )
    waiting = Batch.objects.filter(number="N1", positions=None).values_list("pk", flat=True)
    godown = Location.objects.get(code="GD-MUM").pk
    lines = [MovementLine(pk, godown, MovementKind.RECEIPT, _PIECES) for pk in waiting]
    record_movements(lines, actor=actor, at=at)
    ensure_feed(code="books", name="Books (SIMULATED)", system="files", sandbox=True, actor=actor, at=at)
    queue_export(_sample(at), action_id=None, actor=actor, at=at)


def _sample(at: datetime) -> ExportDocument:
    """What an approved transfer looks like to the books; nobody decided it and nothing moves."""
    sku, name, hsn, _item, mrp, _trade, cost, pack = _GOODS[0]
    line = ExportLine(
        sku=sku,
        name=name,
        batch="N1",
        quantity=2 * pack,
        unit_paise=cost,
        amount_paise=2 * pack * cost,
        hsn=hsn,
        mrp_paise=mrp,
    )
    return ExportDocument(
        kind=ExportKind.TRANSFER,
        key="sandbox:sample-transfer",
        number="SIM-0001",
        at=at,
        lines=(line,),
        source="GD-MUM",
        target="GD-BLR",
        narration="Sample for integrators (SIMULATED)",
    )


def _registrations() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "gstin": gstin_of(state),
                "state_code": state,
                "legal_name": "Namuna Vitaran (SIMULATED)",
                "address": "1 Sample Road",
                "place": place,
                "pincode": pincode,
            }
            for _code, _name, state, pincode, place, _lat, _lon in _PLACES
        ]
    )


def _territories() -> pl.DataFrame:
    return pl.DataFrame([{"code": p[0], "name": p[1], "gstin": gstin_of(p[2])} for p in _PLACES])


def _godowns() -> pl.DataFrame:
    return _locations([(f"GD-{p[0]}", "godown", f"{p[1]} godown", p) for p in _PLACES])


def _outlets() -> pl.DataFrame:
    return _locations([(f"OUT-{name}", "outlet", f"Shop {name}", place) for name, place in _shops()])


def _locations(
    rows: list[tuple[str, str, str, tuple[str, str, str, str, str, float, float]]],
) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "code": code, "kind": kind, "name": name, "place": place[4], "pincode": place[3],
                "lat": place[5], "lon": place[6], "territory": place[0],
            }
            for code, kind, name, place in rows
        ]
    )  # fmt: skip


def _shops() -> list[tuple[str, tuple[str, str, str, str, str, float, float]]]:
    return [(f"R{n:05d}", _PLACES[n % len(_PLACES)]) for n in range(1, _SHOPS + 1)]


def _retailers() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"retailer_id": name, "name": f"Shop {name}", "territory": place[0], "location": f"OUT-{name}"}
            for name, place in _shops()
        ]
    )


def _skus() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "sku": code, "name": name, "brand": "Namuna", "category": "GEN", "hsn": hsn,
                "rate_item": item, "mrp_paise": mrp, "trade_price_paise": trade, "cost_paise": cost,
                "case_pack": pack, "shelf_life_days": 270, "delisted_date": None,
            }
            for code, name, hsn, item, mrp, trade, cost, pack in _GOODS
        ],
        schema_overrides={"delisted_date": pl.Date},
    )  # fmt: skip


def _batches(at: datetime) -> pl.DataFrame:
    today = ist_day(at)
    return pl.DataFrame(
        [
            {
                "sku": good[0], "batch": "N1", "mrp_paise": good[4], "cost_paise": good[6],
                "manufacture_date": today - timedelta(days=30), "expiry_date": today + timedelta(days=240),
            }
            for good in _GOODS
        ]
    )  # fmt: skip
