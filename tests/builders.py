"""Builders of a distributor's world on the real database: places, goods, stock, shops, far sides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from campaigns.contracts import CAMPAIGN, CampaignPayload, OfferLine
from campaigns.rules import offer_price
from campaigns.services import ensure_templates as ensure_offer_templates
from campaigns.services import party
from inventory.models import (
    Batch,
    Brand,
    Category,
    GstRegistration,
    Location,
    LocationKind,
    MovementKind,
    Position,
    Retailer,
    Sku,
    Territory,
)
from inventory.services import MovementLine, ingest_sales, record_movements
from reallocation.agent import revalue
from reallocation.contracts import TRANSFER, LaneTerms, TransferLine, TransferPayload
from vyapar.engine.models import Action
from vyapar.engine.services import propose
from vyapar.kernel.actor import Actor, agent, system
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import PassedOver, Proposal
from vyapar.kernel.digest import plain
from vyapar.kernel.gstin import check_character
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import MARKETING, ConsentRow
from vyapar.messaging.services import record_consents, save_account

#: The instant at which worlds are built: an ordinary Monday noon in India.
AT = datetime.fromisoformat("2026-11-23T06:30:00+00:00")
TODAY = ist_day(AT)
MACHINE = system("tests")
OWNER = Actor("user", "1", "The owner")

PAN = "AAPFU0939F"
#: Code, name, State, pincode, latitude and longitude of each territory's godown.
PLACES = (
    ("PUNE", "Pune", "27", "411001", 18.52, 73.86),
    ("NAGPUR", "Nagpur", "27", "440001", 21.15, 79.09),
    ("BENGALURU", "Bengaluru", "29", "560001", 12.97, 77.59),
)
#: SKU, HSN, item of the rate table, MRP, trade price and cost in paise; 5 %, 5 %, 5 % and 18 % GST.
GOODS = (
    ("BIS-100", "19053100", "Biscuits", 10_000, 8_500, 6_000),
    ("TEA-250", "09024020", "Tea", 20_000, 17_000, 12_000),
    ("SOAP-75", "34011190", "Toilet soap bars", 4_000, 3_400, 2_400),
    ("DET-1KG", "34025000", "", 12_000, 10_000, 7_000),
)


def gstin_of(state: str) -> str:
    """A valid GSTIN of our PAN in a State."""
    stem = f"{state}{PAN}1Z"
    return stem + check_character(stem)


@dataclass
class World:
    """What was built, by code."""

    registrations: dict[str, GstRegistration] = field(default_factory=dict)
    territories: dict[str, Territory] = field(default_factory=dict)
    godowns: dict[str, Location] = field(default_factory=dict)
    skus: dict[str, Sku] = field(default_factory=dict)
    batches: dict[tuple[str, str], Batch] = field(default_factory=dict)
    retailers: list[str] = field(default_factory=list)

    def position(self, sku: str = "BIS-100", batch: str = "B1", place: str = "PUNE") -> Position:
        """The position as it stands now."""
        return Position.objects.get(batch=self.batches[sku, batch], location=self.godowns[place])


def build_world(*, pieces: int = 600, outlets: int = 8) -> World:
    """Two registrations, three territories, four SKUs with a batch each, stock in Pune, shops in Pune."""
    world = World()
    _places(world)
    _goods(world)
    for sku, *_ in GOODS:
        add_batch(world, sku, "B1", expires_in=120)
        if pieces:
            receive_stock(world, sku, "B1", pieces)
    for number in range(1, outlets + 1):
        add_retailer(world, f"R{number:03d}", language="hi" if number % 2 else "en")
    return world


def _places(world: World) -> None:
    for code, name, state, pincode, latitude, longitude in PLACES:
        if state not in world.registrations:
            world.registrations[state] = GstRegistration.objects.create(
                gstin=gstin_of(state),
                state_code=state,
                legal_name="Sahyadri Vitaran Private Limited",
                address="14 Market Yard Road",
                place=name,
                pincode=pincode,
                fssai="11524000000123",
            )
        territory = Territory.objects.create(code=code, name=name, registration=world.registrations[state])
        world.territories[code] = territory
        world.godowns[code] = Location.objects.create(
            code=f"GD-{code}",
            name=f"{name} godown",
            kind=LocationKind.GODOWN,
            territory=territory,
            address="Plot 7, Transport Nagar",
            place=name,
            pincode=pincode,
            latitude=latitude,
            longitude=longitude,
        )


def _goods(world: World) -> None:
    brand = Brand.objects.create(name="Kuruvi")
    for code, hsn, item, mrp, trade, cost in GOODS:
        category, _ = Category.objects.get_or_create(code=code[:3], defaults={"name": code[:3].title()})
        world.skus[code] = Sku.objects.create(
            code=code,
            name=f"Kuruvi {code}",
            brand=brand,
            category=category,
            hsn=hsn,
            rate_item=item,
            mrp_paise=mrp,
            trade_price_paise=trade,
            cost_paise=cost,
            weight_grams=100,
            volume_cc=200,
            case_pack=1,
        )


def add_batch(world: World, sku: str, number: str, *, expires_in: int, made_ago: int = 60) -> Batch:
    """A batch that expires so many days from the world's today (negative: it has expired)."""
    known = world.skus[sku]
    made = min(TODAY - timedelta(days=made_ago), TODAY + timedelta(days=expires_in - 1))
    world.batches[sku, number] = Batch.objects.create(
        sku=known,
        number=number,
        mrp_paise=known.mrp_paise,
        cost_paise=known.cost_paise,
        manufacture_date=made,
        expiry_date=TODAY + timedelta(days=expires_in),
        purchase_invoice="PI-1",
        itc_paise=known.cost_paise // 20,
    )
    return world.batches[sku, number]


def receive_stock(world: World, sku: str, number: str, pieces: int, place: str = "PUNE") -> None:
    """Pieces of a batch at a godown, through the ledger."""
    batch, location = world.batches[sku, number], world.godowns[place]
    line = MovementLine(batch.pk, location.pk, MovementKind.RECEIPT, pieces)
    record_movements([line], actor=MACHINE, at=AT)


def add_retailer(world: World, retailer_id: str, place: str = "PUNE", **changes: Any) -> Retailer:
    """A shop with its own phone and mail address; it has consented to nothing yet."""
    number = len(world.retailers) + 1
    outlet = Location.objects.create(
        code=f"OUT-{retailer_id}",
        name=f"Shop {number}",
        kind=LocationKind.OUTLET,
        territory=world.territories[place],
        pincode=PLACES[[p[0] for p in PLACES].index(place)][3],
        latitude=18.5,
        longitude=73.8,
    )
    values = {
        "name": f"Shop {number}",
        "phone": f"+9198123{number:05d}",
        "email": f"shop{number}@example.in",
        "channels": ["whatsapp", "sms", "email"],
        "credit_limit_paise": 5_000_000,
        **changes,
    }
    world.retailers.append(retailer_id)
    return Retailer.objects.create(
        retailer_id=retailer_id, outlet=outlet, territory=world.territories[place], **values
    )


def consent(*retailers: str, channels: tuple[str, ...] = ("whatsapp", "sms"), at: datetime = AT) -> None:
    """The retailers' yes to offers on some channels."""
    rows = [
        ConsentRow(party(r), Channel(channel), MARKETING, True, at - timedelta(days=30), "paper form")
        for r in retailers
        for channel in channels
    ]
    record_consents(rows, actor=MACHINE, at=at)


def open_channels(*, base_url: str = "http://127.0.0.1:9", smtp_port: int = 9) -> None:
    """Accounts at every far side, with the offers' and the alerts' texts."""
    from alerts.services import ensure_templates as ensure_alert_templates

    save_account(
        Channel.WHATSAPP,
        known={"base_url": base_url, "phone_number_id": "101", "waba_id": "900"},
        secrets={"token": "line-token-93c1", "app_secret": "app-secret", "verify_token": "word"},
        sandbox=True,
    )
    save_account(
        Channel.SMS,
        known={"base_url": base_url, "entity_id": "1101000000000000001", "header": "VYAPAR-P"},
        secrets={"api_key": "sms-key-51fe", "callback_secret": "sms-secret"},
        sandbox=True,
    )
    save_account(
        Channel.EMAIL,
        known={"host": "127.0.0.1", "port": smtp_port, "public_url": "http://alpha.localhost"},
        secrets={},
        sandbox=True,
    )
    ensure_offer_templates()
    ensure_alert_templates()


def sell(*lines: tuple[str, str, int], on: date = TODAY - timedelta(days=10), paise: int = 8_500) -> None:
    """Sales `(retailer, SKU, pieces)` on a day at 11:00; stock is left alone."""
    sell_each([(*line, on, paise) for line in lines])


def sell_each(lines: Iterable[tuple[str, str, int, date, int]]) -> None:
    """Sales `(retailer, SKU, pieces, day, paise per piece)` at 11:00 in one batch; stock is left alone."""
    rows = [
        {
            "transaction_id": f"T-{uuid4().hex[:12]}",
            "line": 1,
            "retailer_id": retailer,
            "sku": sku,
            "quantity": pieces,
            "unit_price_paise": paise,
            "timestamp": f"{day.isoformat()}T11:00:00+05:30",
            "territory": None,
        }
        for retailer, sku, pieces, day, paise in lines
    ]
    report = ingest_sales(rows, actor=MACHINE, at=AT + timedelta(days=60), source="tests", history=True)
    assert report.accepted == len(rows), report.faults


# --- actions -------------------------------------------------------------------------------


def transfer_payload(
    world: World,
    *lines: tuple[str, str, int],
    source: str = "PUNE",
    target: str = "NAGPUR",
) -> TransferPayload:
    """A transfer of `(SKU, batch, pieces)` with every figure recalculated."""
    draft = TransferPayload(
        recommendation_id=str(uuid4()),
        source_location=f"GD-{source}",
        destination_location=f"GD-{target}",
        source_territory=source,
        target_territory=target,
        lines=tuple(_load_line(world, *line) for line in sorted(lines or (("BIS-100", "B1", 100),))),
        terms=LaneTerms(30_000, 5_000, 500, 0, 0, 7_000_000, 0),
        distance_km=700,
        transit_days=2,
        transportation_cost_paise=0,
        expected_revenue_paise=0,
        urgency_score=0.5,
    )
    return revalue(draft).payload


def _load_line(world: World, sku: str, batch: str, pieces: int) -> TransferLine:
    row = world.batches[sku, batch]
    return TransferLine(
        sku=sku,
        batch=batch,
        quantity=pieces,
        unit_cost_paise=row.cost_paise,
        expected_price_paise=row.cost_paise * 5 // 4,
        hold_price_paise=0,
        surplus_pieces=10_000,
        need_pieces=10_000,
        case_pack=1,
        weight_grams=100,
        volume_cc=200,
        expiry_date=row.expiry_date,
    )


def propose_transfer(payload: TransferPayload, at: datetime = AT) -> Action:
    """An open action for a transfer; its pieces are held."""
    worth = revalue(payload)
    proposal = Proposal(
        kind=TRANSFER,
        subject=payload.subject,
        title="Move stock",
        reason="it will not sell here",
        payload=payload.as_plain(),
        value_paise=worth.value_paise,
        net_paise=worth.net_paise,
        quantity=worth.quantity,
        expires_at=at + timedelta(hours=48),
        confidence=0.9,
    )
    return _opened(proposal, "reallocation", at)


def campaign_payload(
    world: World, targets: tuple[str, ...], holdout: tuple[str, ...] = (), **changes: Any
) -> CampaignPayload:
    """An offer of 100 pieces of the biscuits at 10 % off, for seven days from today."""
    base = CampaignPayload(
        campaign_id=f"C-{uuid4().hex[:10]}",
        territory="PUNE",
        category="Bis",
        lines=(offer_line(world, "BIS-100", "B1", 100, 1_000),),
        discount_bp=1_000,
        channels=("whatsapp",),
        targets=targets,
        holdout=holdout,
        starts_on=TODAY,
        ends_on=TODAY + timedelta(days=7),
        expected_revenue_paise=364_250,
        message_cost_paise=86 * len(targets),
    )
    return replace(base, **changes)


def offer_line(world: World, sku: str, batch: str, pieces: int, discount_bp: int) -> OfferLine:
    """One batch on offer at a discount from the trade price."""
    known, row = world.skus[sku], world.batches[sku, batch]
    return OfferLine(
        sku=sku,
        name=known.name,
        batch=batch,
        location="GD-PUNE",
        quantity=pieces,
        mrp_paise=row.mrp_paise,
        trade_price_paise=known.trade_price_paise,
        offer_price_paise=offer_price(known.trade_price_paise, discount_bp, row.mrp_paise),
        cost_paise=row.cost_paise,
        hold_paise=1_000,
        rate_bp=1_800 if sku == "DET-1KG" else 500,
        expected_pieces=pieces // 2,
        expiry_date=row.expiry_date,
    )


def propose_campaign(payload: CampaignPayload, at: datetime = AT, confidence: float = 0.9) -> Action:
    """An open action for a campaign; what it offers is held."""
    proposal = Proposal(
        kind=CAMPAIGN,
        subject=f"offer:{payload.territory}/{payload.campaign_id}",
        title="Offer biscuits",
        reason="they will not sell in time",
        payload=plain(payload),
        value_paise=sum(n.quantity * n.cost_paise for n in payload.lines),
        net_paise=100_000,
        quantity=sum(n.quantity for n in payload.lines),
        discount_bp=payload.discount_bp,
        expires_at=at + timedelta(hours=48),
        confidence=confidence,
    )
    return _opened(proposal, "liquidation", at)


def _opened(proposal: Proposal, name: str, at: datetime) -> Action:
    answer = propose(
        proposal, cycle=None, actor=agent(name), at=at, policy={}, policy_version=0, snapshot_digest="0" * 64
    )
    assert not isinstance(answer, PassedOver), answer
    return answer


def deliver_all(at: datetime = AT) -> int:
    """Hand every event that waits to its subscribers, and those that these write, until none waits."""
    from vyapar.engine.services import deliver, lease_due

    count = 0
    while ids := lease_due(at):
        count += deliver(ids, at=at)
    return count
