"""Made-up figures for the gallery: brands, firms and papers here exist nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from vyapar.dashboard.templatetags import words
from vyapar.kernel.decision import Finding, Severity, WayOut

NOW = datetime.now(UTC).replace(microsecond=0)
LAKH = 1_00_000_00  # paise


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def ahead(**parts: float) -> datetime:
    return NOW + timedelta(**parts)


def house(request: HttpRequest) -> dict[str, Any]:
    """What the product's own context processor gives every page."""
    items = [
        ("home", _("Home"), None, True),
        ("inbox", _("Inbox"), 7, True),
        ("stock", _("Dead stock"), None, True),
        ("transfers", _("Transfers"), None, False),
        ("campaigns", _("Campaigns"), None, False),
        ("compliance", _("Compliance"), 2, False),
        ("alerts", _("Alerts"), 12, True),
        ("agents", _("Agents"), None, False),
        ("audit", _("Trail"), None, False),
        ("settings", _("Settings"), None, False),
    ]
    here = request.path.strip("/") or "home"
    return {
        "distributor": SimpleNamespace(name="Navkesh Distribution, Nashik"),
        "sandbox": True,
        "freshness": {"state": "fresh", "at": ago(minutes=12), "url": "/agents/"},
        "halted": [""] if "halted" in request.GET else [],
        "may": {"stop": True, "decide": True},
        "nav": [
            {
                "label": label,
                "url": f"/{name}/",
                "icon": name,
                "active": here.startswith(name),
                "count": count,
                "on_phone": on_phone,
            }
            for name, label, count, on_phone in items
        ],
    }


def ways() -> list[WayOut]:
    """Five open ways and a closed one, each adding up."""

    def way(name: str, note: str = "", available: bool = True, **components: int) -> WayOut:
        return WayOut(name, sum(components.values()), components, available, note)

    return [
        way("hold", revenue=41_280_00, carrying=-9_640_00, opportunity=-6_210_00, expiry=-48_900_00),
        way("transfer", revenue=96_480_00, transport=-7_350_00, handling=-1_200_00, gst_effect=-640_00),
        way("discount", revenue=88_320_00, discount=-13_248_00, messages=-312_50),
        way("return_to_company", credit_note=72_000_00, transport=-4_100_00, available=True,
            note=_("The claim window closes in 9 days; photos and counts are needed.")),
        way("donate", itc_reversal=-11_577_60, handling=-900_00),
        way("destroy", available=False,
            note=_("Not before expiry: the stock is still fit for sale.")),
    ]  # fmt: skip


def findings() -> list[Finding]:
    return [
        Finding("eway_required", Severity.WARN,
                _("An e-way bill is needed before the vehicle leaves: the value is above ₹50,000."),
                _("CGST Rules, rule 138, in force on the day of dispatch"),
                fix=_("Add the vehicle number; the bill is then made with the challan.")),
        Finding("shelf_life_on_arrival", Severity.INFO,
                _("64 days of shelf life are left on arrival; the policy asks for 45.")),
    ]  # fmt: skip


def trail() -> list[dict[str, Any]]:
    return [
        {"target": "proposed", "actor": _("Reallocation agent"), "at": ago(hours=5, minutes=12),
         "reason": _("Nashik has cover for 212 days, Surat for 9; the road is 238 km.")},
        {"target": "approved", "actor": _("Sales manager"), "at": ago(hours=1, minutes=4),
         "reason": _("Agreed with the Surat godown by telephone.")},
        {"target": "executing", "actor": _("System"), "at": ago(minutes=34),
         "detail": _("Challan issued, stock reserved, e-way bill asked for.")},
        {"target": "failed", "actor": _("System"), "at": ago(minutes=33),
         "reason": _("The e-way portal did not answer within 10 seconds; tried 3 times.")},
        {"target": "executed", "actor": _("System"), "at": ago(minutes=3)},
    ]  # fmt: skip


def actions() -> list[dict[str, Any]]:
    rows = [
        ("transfers", _("Move 480 pieces of Zivola Mango Drink 200 ml, Nashik to Surat"),
         _("No sale at Nashik for 46 days; Surat sells 52 a day and has cover for 9 days."),
         87_290_00, 480, ahead(hours=20)),
        ("campaigns", _("Offer Kesarin Masala Oats 400 g at 15% off to 64 outlets"),
         _("1,128 pieces expire in 41 days; at today's pace 730 of them stay unsold."),
         74_759_50, 1128, ahead(days=2)),
        ("return_to_company", _("Return Brimora Face Cream 50 ml, batch B24K7, to the company"),
         _("Delisted in March; the claim window closes in 9 days."), 67_900_00, 312, ahead(days=9)),
        ("transfers", _("Move 96 pieces of Tulvia Green Tea 100 bags, Pune to Nagpur"),
         _("Pune bought on a scheme; Nagpur has been out of stock for 6 days."), 21_440_00, 96,
         ahead(hours=7)),
        ("campaigns", _("Offer Orvanta Dishwash Gel 750 ml at 8% off to 31 outlets"),
         _("Cover of 138 days against 45 wanted."), 18_210_00, 504, ahead(days=3)),
        ("donate", _("Donate 60 pieces of Zivola Lychee Drink 1 l before they expire"),
         _("18 days left; no outlet takes it under the margin floor."), -6_120_00, 60, ahead(days=4)),
        ("transfers", _("Move 1,200 pieces of Pavitri Glucose Biscuits 70 g, Indore to Bhopal"),
         _("Wrong territory: Indore received Bhopal's load on 2 September."), 12_480_00, 1200,
         ahead(days=1)),
    ]  # fmt: skip
    return [
        {"id": i, "icon": icon, "title": title, "reason": reason, "net_paise": net, "pieces": pieces,
         "expires_at": expires}
        for i, (icon, title, reason, net, pieces, expires) in enumerate(rows, 1)
    ]  # fmt: skip


def positions() -> list[dict[str, Any]]:
    rows = [
        ("ZV-MNG-200", "Zivola Mango Drink 200 ml", "B24J2", "Nashik", 2_736, 24, 46, 212, 61,
         4_65_120_00, 0.91, "dead", "over_buying"),
        ("KS-OAT-400", "Kesarin Masala Oats 400 g", "B24K1", "Nashik", 1_128, 12, 21, 134, 41,
         2_08_680_00, 0.84, "dead", "scheme_push"),
        ("BR-CRM-050", "Brimora Face Cream 50 ml", "B24K7", "Pune", 312, 48, 118, None, 205,
         1_15_440_00, 0.78, "dead", "delisted"),
        ("TV-GRT-100", "Tulvia Green Tea 100 bags", "B24H9", "Pune", 640, 16, 14, 92, 118,
         96_320_00, 0.41, "slow_moving", "scheme_push"),
        ("OV-DSH-750", "Orvanta Dishwash Gel 750 ml", "B24L3", "Indore", 1_008, 12, 9, 138, 310,
         88_704_00, 0.22, "slow_moving", "over_buying"),
        ("PV-GLU-070", "Pavitri Glucose Biscuits 70 g", "B24M5", "Indore", 3_600, 144, 3, 74, 96,
         57_600_00, 0.37, "liquidating", "wrong_territory"),
        ("ZV-LYC-1L", "Zivola Lychee Drink 1 l", "B24F4", "Surat", 60, 12, 33, 80, 18, 6_120_00,
         0.97, "dead", "short_dated_receipt"),
        ("TV-ASM-250", "Tulvia Assam Tea 250 g", "B24N2", "Surat", 980, 24, 1, 22, 340, 1_71_500_00,
         0.02, "active", ""),
    ]  # fmt: skip
    names = ("sku", "name", "batch", "location", "pieces", "case_pack", "idle_days", "cover_days",
             "expiry_days", "paise", "probability", "status", "cause")  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in rows]


def agents() -> list[dict[str, Any]]:
    def counts(*pairs: tuple[str, int]) -> list[dict[str, Any]]:
        return [{"label": label, "value": value, "href": "/agents/"} for label, value in pairs]

    return [
        {"label": _("Monitoring"), "icon": "eye", "state": "done", "doing": _("Scored 38,412 positions"),
         "last_at": ago(minutes=12), "next_at": ahead(minutes=48), "autonomy": "observe",
         "counts": counts((_("Looked at"), 38_412), (_("Dead"), 1_204))},
        {"label": _("Analysis"), "icon": "outcomes", "state": "running",
         "doing": _("Forecasting 2,980 SKU and territory pairs"), "last_at": ago(hours=23),
         "next_at": ahead(hours=1), "counts": counts((_("Forecasts"), 1_877))},
        {"label": _("Reallocation"), "icon": "transfers", "state": "done",
         "doing": _("Proposed 3 transfers, passed over 41"), "last_at": ago(minutes=9),
         "next_at": ahead(minutes=51), "autonomy": "auto_within_limits",
         "counts": counts((_("Proposed"), 3), (_("Passed over"), 41))},
        {"label": _("Liquidation"), "icon": "campaigns", "state": "idle",
         "doing": _("Next look at 18:00"), "last_at": ago(hours=2), "next_at": ahead(hours=4),
         "autonomy": "propose", "breaker": "half_open",
         "counts": counts((_("Campaigns live"), 2), (_("Outlets"), 95))},
        {"label": _("Compliance"), "icon": "compliance", "state": "failed",
         "doing": _("Asked 5 questions today"), "last_at": ago(minutes=33), "breaker": "open",
         "error": _("The e-way portal has not answered for 33 minutes. Papers wait; nothing is lost."),
         "counts": counts((_("Checked"), 58), (_("Blocked"), 2))},
        {"label": _("Alerts"), "icon": "alerts", "state": "done", "doing": _("Told 4 people"),
         "last_at": ago(minutes=8), "counts": counts((words.sign("open").label, 12), (_("Escalated"), 1))},
    ]  # fmt: skip


def forecast() -> dict[str, Any]:
    """History, a fan of 50 % and 80 %, days out of stock shaded."""
    history = [46, 51, 38, 44, 57, 62, 41, 39, 35, 30, 0, 0, 0, 28, 33, 29, 24, 26, 19, 17, 21]
    start = NOW.date() - timedelta(days=len(history))
    days = [(start + timedelta(days=i)).isoformat() for i in range(len(history) + 14)]
    gap: list[int | None] = [None]
    middle = [19, 19, 18, 18, 18, 17, 17, 17, 16, 16, 16, 16, 15, 15]
    return {
        "kind": "line", "unit": "pieces", "dates": True, "x": days, "today": NOW.date().isoformat(),
        "series": [
            {"name": _("Sold"), "role": "actual", "values": [*history, *gap * 14]},
            {"name": _("Expected"), "role": "forecast", "values": [*gap * len(history), *middle]},
        ],
        "fan": [
            {"name": "80%", "low": [*gap * 21, *[max(0, m - 9 - i // 2) for i, m in enumerate(middle)]],
             "high": [*gap * 21, *[m + 12 + i for i, m in enumerate(middle)]]},
            {"name": "50%", "low": [*gap * 21, *[m - 4 for m in middle]],
             "high": [*gap * 21, *[m + 5 + i // 3 for i, m in enumerate(middle)]]},
        ],
        "shade": [{"from": days[10], "to": days[12], "label": _("Out of stock")}],
    }  # fmt: skip


def at_risk() -> dict[str, Any]:
    weeks = [(NOW.date() - timedelta(days=7 * i)).isoformat() for i in range(11, -1, -1)]
    return {
        "kind": "bar", "unit": "paise", "dates": True, "stacked": True, "x": weeks,
        "series": [
            {"name": _("Dead"), "values": [int(LAKH * v) for v in
             (44, 45.2, 46.1, 45.8, 44.9, 43.7, 42.8, 41.9, 41.1, 39.8, 39.0, 38.42)]},
            {"name": _("Slow-moving"), "values": [int(LAKH * v) for v in
             (18, 18.4, 17.9, 17.2, 17.7, 16.8, 16.1, 15.9, 15.2, 15.0, 14.6, 14.1)]},
        ],
    }  # fmt: skip


def heat() -> dict[str, Any]:
    places = ["Nashik", "Pune", "Indore", "Surat", "Nagpur"]
    groups = [_("Drinks"), _("Breakfast"), _("Skin care"), _("Tea"), _("Home care")]
    values = [[465, 209, 12, 40, 66], [31, 80, 115, 96, 22], [0, 44, 18, 12, 89], [61, 0, 7, 171, 5],
              [22, 13, 40, 8, 31]]  # fmt: skip
    return {
        "kind": "heat", "unit": "paise", "x": groups, "y": places,
        "cells": [[x, y, values[y][x] * 1_000_00] for y in range(5) for x in range(5)],
    }  # fmt: skip


def flows() -> dict[str, Any]:
    return {
        "kind": "flow", "unit": "pieces",
        "places": [
            {"name": "Nashik", "lon": 73.79, "lat": 20.0, "role": "surplus", "note": _("cover 212 days")},
            {"name": "Pune", "lon": 73.86, "lat": 18.52, "role": "surplus", "note": _("cover 92 days")},
            {"name": "Surat", "lon": 72.83, "lat": 21.17, "note": _("cover 9 days")},
            {"name": "Nagpur", "lon": 79.09, "lat": 21.15, "note": _("out of stock")},
            {"name": "Indore", "lon": 75.86, "lat": 22.72, "role": "surplus", "note": _("cover 74 days")},
            {"name": "Bhopal", "lon": 77.41, "lat": 23.26, "note": _("cover 4 days")},
        ],
        "flows": [
            {"from": "Nashik", "to": "Surat", "value": 480}, {"from": "Pune", "to": "Nagpur", "value": 96},
            {"from": "Indore", "to": "Bhopal", "value": 1200},
        ],
    }  # fmt: skip


def documents() -> list[dict[str, Any]]:
    return [
        {"title": _("Delivery challan"), "number": "DC/2627/NSK/000412", "at": ago(minutes=34),
         "pages": 3, "status": "issued"},
        {"title": _("E-way bill"), "number": "3910 0457 2218", "at": ago(minutes=3), "pages": 1,
         "simulated": True, "note": _("valid for 2 days")},
        {"title": _("Tax invoice"), "number": "", "status": "draft",
         "note": _("made when the goods leave")},
    ]  # fmt: skip


PAGES: dict[str, Any] = {
    "home": lambda: {
        "actions": actions()[:4], "agents": agents(), "trend": at_risk(),
        "spark": [44, 45.2, 46.1, 45.8, 44.9, 43.7, 42.8, 41.9, 41.1, 39.8, 39.0, 38.42],
        "horizon": [(30, 412_840_00), (60, 918_200_00), (90, 1_562_310_00)],
        "causes": [
            {"label": _("Over-buying"), "value": 14_82_000_00, "href": "/stock/?cause=over_buying"},
            {"label": _("Scheme push"), "value": 9_41_500_00, "href": "/stock/?cause=scheme_push"},
            {"label": _("Delisted"), "value": 6_18_000_00, "href": "/stock/?cause=delisted"},
            {"label": _("Wrong territory"), "value": 4_72_300_00, "href": "/stock/?cause=wrong_territory"},
            {"label": _("Received short-dated"), "value": 3_28_400_00, "href": "/stock/?cause=short"},
        ],
    },
    "inbox": lambda: {
        "actions": actions(), "action": actions()[0], "ways": ways(),
        "soon": ahead(minutes=29, seconds=12),
        "views": [{"label": _("Waiting"), "url": "#", "active": True, "count": 7},
                  {"label": _("Being carried out"), "url": "#", "count": 2},
                  {"label": _("Done"), "url": "#"}],
        "findings": findings(),
        "trail": trail()[:1], "forecast": forecast(), "documents": documents(),
    },
    "stock": lambda: {
        "positions": positions(), "heat": heat(),
        "chips": [{"label": _("Status: dead, slow-moving"), "name": "status"},
                  {"label": _("Territory: West"), "name": "territory"}],
        "saved": [{"label": _("Expiring in 60 days"), "url": "#", "active": True},
                  {"label": _("Delisted"), "url": "#"}, {"label": _("My godown"), "url": "#"}],
        "views": [{"label": _("By position"), "url": "#", "active": True, "count": 1204},
                  {"label": _("By SKU"), "url": "#", "count": 311}, {"label": _("Pivot"), "url": "#"}],
    },
    "transfers": lambda: {"flows": flows(), "documents": documents(), "trail": trail()},
    "campaigns": lambda: {
        "funnel": [
            {"label": _("Outlets chosen"), "value": 64, "icon": "outlet"},
            {"label": _("Delivered"), "value": 61, "icon": "delivered", "note": "95%"},
            {"label": _("Read"), "value": 44, "icon": "eye", "note": "72%"},
            {"label": _("Replied"), "value": 19, "icon": "reply", "note": "31%"},
            {"label": _("Ordered"), "value": 14, "icon": "package-check", "note": "23%", "tone": "ok"},
        ],
    },
    "agents": lambda: {"agents": agents(), "trail": trail()},
    "components": lambda: {
        "ways": ways(), "findings": [Finding("expired", Severity.BLOCK,
        _("The batch expired on 2 November; it may be neither offered nor moved for sale."),
        _("Food safety rules"), fix=_("Choose Destroy; the certificate is prepared for you.")), *findings()],
        "trail": trail(), "documents": documents(), "until": ahead(minutes=29, seconds=12),
        "statuses": ["proposed", "approved", "auto_approved", "executing", "executed", "failed",
                     "rolled_back", "rejected", "expired", "withdrawn", "active", "slow_moving",
                     "dead", "liquidating", "block", "warn", "info", "critical"],
        "freshnesses": [("fresh", ago(minutes=4)), ("late", ago(hours=5)), ("stale", ago(days=2)),
                        ("none", None)],
    },
}  # fmt: skip
