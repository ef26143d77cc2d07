"""Ways out of the demonstration's batches, reckoned a second time: from raw tables, by hand, in fractions.

How many pieces need a way out, sell here, there or at a discount is the forecast's; everything that is money
(cost, price without GST, credit, the claim, its window and its cap, every rate) is taken from the tables and
the law's lists and put together here anew.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from django.db import connection, transaction
from django_tenants.utils import tenant_context

from inventory.agent import monitoring
from inventory.contracts import NO_CAP
from inventory.feeds.demonstration import generate
from inventory.models import Brand, Position, Sku
from inventory.selectors.book import read_book
from inventory.selectors.claims import claim_rooms
from inventory.selectors.outcomes import current_learnt
from inventory.selectors.ways import WeighedLot, list_weighed_lots
from inventory.services import claims
from inventory.services import demonstration as demo
from inventory.services.claim_goods import send_claim
from inventory.services.claim_receipts import receive_claim_goods
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.test_claim_goods import COMPANY
from vyapar.engine.selectors import get_policy
from vyapar.engine.services import run_cycle
from vyapar.kernel.actor import system
from vyapar.kernel.errors import VyaparError
from vyapar.law.rates import rate_for
from vyapar.tenancy.services import close_distributor, open_distributor

TODAY = date(2026, 11, 23)
ME = system("tests")
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def house(django_db_setup, django_db_blocker):
    """A small demonstration, forecast and scored."""
    with django_db_blocker.unblock():
        distributor = open_distributor(slug="hand-demo", name="Hand", domain="hand-demo.localhost")
        with tenant_context(distributor):
            demo.load_data(demo.shrink(generate("second", TODAY)), actor=ME, at=NOW, tell=lambda _: None)
            run_cycle("analysis", NOW, at=NOW)
            run_cycle("monitoring", NOW, at=NOW)
        yield distributor
        close_distributor(distributor)


@pytest.fixture
def here(house, django_db_blocker):
    """In that distributor; what the test writes is rolled back."""
    with django_db_blocker.unblock(), tenant_context(house), transaction.atomic():
        yield
        transaction.set_rollback(True)


# --- by hand -------------------------------------------------------------------------------


def rounded(value: Fraction | int) -> int:
    """To the nearest paisa, half a paisa up."""
    return floor(Fraction(value) + Fraction(1, 2))


def rows(sql: str, *values: object) -> list[dict]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def gst_rate(row: dict) -> Fraction | None:
    """GST on the goods today; None where the list is unclear, and they are valued at cost."""
    try:
        rate = rate_for(row["hsn"], TODAY, rate_item=row["rate_item"], packed=row["packed"])
    except VyaparError:
        return None
    return Fraction(rate.basis_points, 10_000)


RAW = """
SELECT p.id, p.on_hand, p.reserved, b.cost_paise AS cost, b.itc_paise AS itc, b.mrp_paise AS mrp,
       b.expiry_date AS expiry, s.code AS sku, s.trade_price_paise AS trade, s.weight_grams AS grams, s.hsn,
       s.rate_item, s.packed, br.id AS brand, br.return_bp, br.return_days, br.claim_cap_paise AS cap,
       br.claimed_paise AS typed, br.claimed_year AS typed_year, br.claim_success_bp AS success,
       br.claim_days AS days, r.at_risk_quantity AS at_risk
FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id JOIN inventory_sku s ON s.id = b.sku_id
JOIN inventory_brand br ON br.id = s.brand_id LEFT JOIN inventory_batchrisk r ON r.position_id = p.id
WHERE p.on_hand > 0
"""
CLAIMS = """
SELECT p.id AS position, c.brand_id AS brand, c.pieces, c.amount_paise AS asked, c.credited_paise AS credited,
       c.state, c.filed_on, c.id FROM inventory_claim c
JOIN inventory_position p ON p.batch_id = c.batch_id AND p.location_id = c.location_id
"""


SENT = "SELECT claim_id, pieces, missing, pieces - received AS short, state FROM inventory_claimsending"


def in_window(row: dict) -> bool:
    if row["return_days"] is None or row["expiry"] is None:
        return True
    return row["expiry"] + timedelta(days=row["return_days"]) >= TODAY


def claim_value(row: dict, pieces: int) -> int:
    return rounded(Fraction(pieces * row["cost"] * row["return_bp"], 10_000))


def rooms() -> dict[int, int | None]:
    """What each position's company still credits for it; None without a bound. Of a cap, the earliest to
    expire has the first share; what is claimed is not claimed again; an answered claim counts as credited."""
    stands, asked = rows(RAW), rows(CLAIMS)
    left_by: dict[int, int] = defaultdict(int)
    gone_by: dict[int, int] = defaultdict(int)
    for lot in rows(SENT):
        if lot["state"] != "called_back":
            left_by[lot["claim_id"]] += lot["pieces"]
        if lot["missing"] in ("transporter", "lost", "home"):
            gone_by[lot["claim_id"]] += lot["short"]
    on_claim: dict[int, int] = defaultdict(int)
    used: dict[int, int] = defaultdict(int)
    for one in asked:
        if one["state"] in ("open", "credited"):
            on_claim[one["position"]] += one["pieces"] - left_by[one["id"]]
        due = one["asked"] * (one["pieces"] - gone_by[one["id"]]) // one["pieces"]
        counts = due if one["state"] == "open" else one["credited"] or 0
        used[one["brand"]] += counts if date(2026, 4, 1) <= one["filed_on"] <= date(2027, 3, 31) else 0
    left: dict[int, int] = {}
    found: dict[int, int | None] = {}
    for row in sorted(stands, key=lambda row: (row["expiry"] or date.max, row["id"])):
        unclaimed = row["on_hand"] - on_claim[row["id"]]
        bound = claim_value(row, unclaimed) if on_claim[row["id"]] else None
        if row["cap"] is not None and row["return_bp"]:
            typed = row["typed"] if row["typed_year"] == "2026-27" else 0
            room = left.setdefault(row["brand"], row["cap"] - typed - used[row["brand"]])
            is_past = row["expiry"] is not None and row["expiry"] < TODAY
            at_risk = (
                row["on_hand"] - row["reserved"] if is_past or row["at_risk"] is None else row["at_risk"]
            )
            wants = claim_value(row, min(at_risk, unclaimed)) if in_window(row) else 0
            given = max(min(room, wants), 0)
            left[row["brand"]] = room - wants
            bound = given if bound is None else min(bound, given)
        found[row["id"]] = bound
    return found


def reckoned(row: dict, lot: dict, room: int | None, rates: object) -> dict[str, tuple[int, dict[str, int]]]:
    """Net and parts of each way of a lot; `lot` has what the forecast says of it: pieces and days."""
    n, days = lot["quantity"], lot["days"]
    gst = gst_rate(row)
    price = row["cost"] if gst is None else rounded(min(row["trade"], row["mrp"]) / (1 + gst))
    kilos = Fraction(row["grams"], 1_000)

    def destroyed(pieces: int) -> dict[str, int]:
        return {
            "transport": -rounded(pieces * kilos * rates.local_freight_paise_per_kg),
            "handling": -pieces * rates.handling_paise_per_piece,
            "documents": -rates.document_paise if pieces else 0,
            "disposal": -rounded(pieces * kilos * rates.disposal_paise_per_kg),
            "itc_reversal": -pieces * row["itc"],  # s.17(5)(h) CGST Act
        }

    def kept(sold: int, selling_days: int) -> dict[str, int]:
        def yearly(rate: int) -> int:
            year = Fraction(rate, 10_000 * 365)
            waits = rounded(Fraction(row["cost"] * sold * selling_days, 2) * year)
            return -(waits + rounded(row["cost"] * (n - sold) * days * year))

        left = n - sold
        ends = destroyed(left if lot["perishes"] else 0)
        worth = 0 if lot["perishes"] else rounded(Fraction(left * row["cost"] * rates.residual_bp, 10_000))
        return ends | {
            "recovered": sold * price,
            "carrying": yearly(rates.carrying_rate_bp),
            "opportunity": yearly(rates.opportunity_rate_bp),
            "residual": worth,
        }

    def plus(parts: dict[str, int], **more: int) -> dict[str, int]:
        return {name: parts.get(name, 0) + more.get(name, 0) for name in parts | more}

    ways = {"destroy": destroyed(n), "donate": {k: v for k, v in destroyed(n).items() if k != "disposal"}}
    if not lot["expired"]:
        ways["hold"] = kept(lot["held_sold"], days)
    if lot["life_days"] < rates.donate_minimum_life_days:
        del ways["donate"]
    if row["return_bp"] and in_window(row) and room != 0:
        success = rates.claim_success_bp if row["success"] is None else row["success"]
        paid_in = rates.claim_days if row["days"] is None else row["days"]
        value = claim_value(row, n) if room is None else min(claim_value(row, n), room)
        claim = rounded(Fraction(value * success, 10_000))
        refused = {
            name: -rounded(Fraction(-paise * (10_000 - success), 10_000))
            for name, paise in destroyed(n).items()
        }
        ways["return_to_company"] = plus(
            refused,
            claim=claim,
            opportunity=-rounded(Fraction(claim * rates.opportunity_rate_bp * paid_in, 10_000 * 365)),
            transport=-rounded(n * kilos * rates.local_freight_paise_per_kg),
            handling=-n * rates.handling_paise_per_piece,
            documents=-rates.document_paise,
        )
    if lot["moved_per_kg"] >= 0 and lot["moved_sold"] and not lot["expired"]:
        locked = Fraction(n * row["itc"] * rates.opportunity_rate_bp * rates.tax_lock_days, 10_000 * 365)
        ways["transfer"] = plus(
            kept(lot["moved_sold"], days + min(lot["moved_days"], days)),
            transport=-rounded(n * kilos * lot["moved_per_kg"]),
            handling=-n * rates.handling_paise_per_piece,
            documents=-rates.document_paise,
            output_tax=-rounded(locked) if lot["crosses"] else 0,
        )
    rungs = {
        rung: plus(
            kept(sold, min(days, rates.discount_days)),
            discount=-rounded(Fraction(sold * price * rung, 10_000)),
            message=-rates.message_paise,
        )
        for rung, sold in lot["rungs"].items()
    }
    if not lot["expired"] and days > 0:
        ways["discount"] = max((parts for _, parts in sorted(rungs.items())), key=lambda p: sum(p.values()))
    return {
        name: (sum(parts.values()), {k: v for k, v in parts.items() if v}) for name, parts in ways.items()
    }


# --- compared ------------------------------------------------------------------------------


def shown() -> dict[int, tuple[WeighedLot, dict]]:
    """Every lot as its page has it, and what the forecast said of it, by position."""
    policy, _version = get_policy("monitoring")
    book = read_book(TODAY, "", list(Sku.objects.values_list("pk", flat=True)), current_learnt())
    lots = monitoring.decide(book, policy).outcome.lots
    said = {}
    for n, pk in enumerate(book.position_ids.tolist()):
        said[pk] = {
            "quantity": int(lots.quantity[n]), "days": int(lots.days[n]), "perishes": bool(lots.perishes[n]),
            "expired": bool(lots.expired[n]), "life_days": int(lots.life_days[n]),
            "held_sold": int(lots.held_sold[n]), "moved_sold": int(lots.moved_sold[n]),
            "moved_days": int(lots.moved_days[n]), "moved_per_kg": int(lots.moved_paise_per_kg[n]),
            "crosses": bool(lots.crosses[n]),
        }  # fmt: skip
    found: dict[int, tuple[WeighedLot, dict]] = {}
    for code in Position.objects.filter(on_hand__gt=0).values_list("sku__code", flat=True).distinct():
        for lot in list_weighed_lots(code, TODAY):
            rungs = {one.discount_bp: one.sold for one in lot.ladder}
            found[lot.position_id] = (lot, said[lot.position_id] | {"rungs": rungs})
    return found


def compared() -> dict[str, int]:
    """How many lots have each way open, after each was found worth the same to the paisa, part by part."""
    rates, _version = get_policy("monitoring")
    raw, room, open_ways = {row["id"]: row for row in rows(RAW)}, rooms(), defaultdict(int)
    for pk, (lot, said) in shown().items():
        ours = reckoned(raw[pk], said, room[pk], rates)
        theirs = {
            way.name: (way.net_paise, {name: paise for name, paise in way.components.items() if paise})
            for way in lot.ways
            if way.available
        }
        assert theirs == ours, (lot.batch, lot.location)
        for name in ours:
            open_ways[name] += 1
    return open_ways


def test_every_way_of_every_batch_is_worth_what_it_comes_to_by_hand(here):
    found = compared()
    assert found["destroy"] >= 10
    assert all(found[name] for name in ("hold", "discount", "return_to_company", "donate")), dict(found)


def test_claims_and_caps_leave_what_they_leave_by_hand(here):
    """Caps of odd paise, one used up by claims typed elsewhere; claims open, credited in part, refused; goods
    of some on their way, and lost there."""
    takers = sorted(
        {row["brand"] for row in rows(RAW) if row["return_bp"] and in_window(row) and row["at_risk"]}
    )
    assert len(takers) >= 2, "the demonstration has companies that take goods back"
    Brand.objects.filter(pk__in=takers).update(
        return_bp=3_333, claim_cap_paise=1_234_567, claimed_paise=1_111, claimed_year="2026-27"
    )
    Brand.objects.filter(pk=takers[0]).update(claim_cap_paise=None, claim_success_bp=7_777, claim_days=33)
    answers = {0: None, 1: 1, 2: 0}
    lots = [lot for lot, _said in shown().values() if lot.pieces > 3]
    for number, lot in enumerate(lots):
        spot = Position.objects.get(pk=lot.position_id)
        claim = claims.file_claim(
            sku=spot.sku.code, batch=lot.batch, location=lot.location, pieces=min(3, spot.on_hand),
            amount_paise=spot.batch.cost_paise, filed_on=TODAY, reference=f"H-{number}", actor=OWNER, at=NOW,
        )  # fmt: skip
        if number % 4 == 0:  # a part of it has left, and of that one piece got lost
            send_claim(
                claim.pk, pieces=2, route="financial_credit_note", company=COMPANY, actor=OWNER, at=NOW
            )
            receive_claim_goods(
                claim.pk, received=1, missing="lost", reason="on the road", actor=OWNER, at=NOW
            )
        paid = answers[number % 3]
        if paid is not None:
            claims.answer_claim(claim.pk, credited_paise=paid, answered_on=TODAY, actor=OWNER, at=NOW)
    by_hand = {pk: NO_CAP if room is None else room for pk, room in sorted(rooms().items())}
    found = claim_rooms(TODAY, np.array(list(by_hand), dtype=np.int64))
    assert dict(zip(by_hand, found.tolist(), strict=True)) == by_hand
    assert len({room for room in by_hand.values() if 0 < room < NO_CAP}) >= 5
    left = compared()
    assert left["return_to_company"] >= 2
