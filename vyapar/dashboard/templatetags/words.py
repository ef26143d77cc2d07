"""The words and signs that screens use for codes: one tone, one icon and one label per status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from vyapar.engine import registry


class Sign(NamedTuple):
    """How a status looks: a tone of the tokens, an icon of the sprite, a word."""

    tone: str
    icon: str
    label: str | Promise


_STATUSES: Mapping[str, Sign] = {
    # actions
    "proposed": Sign("accent", "inbox", _("Needs approval")),
    "approved": Sign("ok", "check", _("Approved")),
    "auto_approved": Sign("ok", "bot-check", _("Approved within limits")),
    "executing": Sign("info", "running", _("Being carried out")),
    "executed": Sign("ok", "ok", _("Carried out")),
    "failed": Sign("danger", "danger", _("Failed")),
    "rolled_back": Sign("neutral", "undo", _("Undone")),
    "rejected": Sign("neutral", "circle-slash", _("Rejected")),
    "expired": Sign("neutral", "expired", _("Expired")),
    "withdrawn": Sign("neutral", "withdrawn", _("Withdrawn")),
    # positions
    "active": Sign("ok", "ok", _("Active")),
    "slow_moving": Sign("warn", "snail", _("Slow-moving")),
    "dead": Sign("danger", "dead", _("Dead")),
    "liquidating": Sign("info", "discount", _("Liquidating")),
    "at_risk": Sign("warn", "timer", _("At risk")),
    # findings
    "block": Sign("danger", "stop", _("Blocks")),
    "warn": Sign("warn", "warn", _("Warning")),
    "info": Sign("info", "info", _("Note")),
    # cycles, feeds, jobs and steps
    "running": Sign("info", "running", _("Running")),
    "done": Sign("ok", "ok", _("Done")),
    "completed": Sign("ok", "ok", _("Done")),
    "idle": Sign("neutral", "circle", _("Idle")),
    "cut_off": Sign("warn", "warn", _("Cut off; it goes on by itself")),
    "stopped": Sign("danger", "stop", _("Stopped")),
    "paused": Sign("warn", "pause", _("Paused")),
    "waiting": Sign("neutral", "clock", _("Waiting")),
    "pending": Sign("neutral", "clock", _("Waiting")),
    "skipped": Sign("neutral", "circle-slash", _("Skipped")),
    # documents and filings
    "draft": Sign("neutral", "circle-dashed", _("Draft")),
    "issued": Sign("ok", "document-check", _("Issued")),
    "filed": Sign("ok", "shield", _("Filed")),
    "cancelled": Sign("neutral", "circle-slash", _("Cancelled")),
    # transfers
    "planned": Sign("neutral", "calendar", _("Planned")),
    "dispatched": Sign("info", "transfers", _("On the road")),
    "in_transit": Sign("info", "transfers", _("On the road")),
    "received": Sign("ok", "package-check", _("Received")),
    "short": Sign("warn", "warn", _("Received short")),
    "damaged": Sign("warn", "warn", _("Received damaged")),
    # alerts
    "open": Sign("accent", "alerts", pgettext_lazy("alert", "Open")),
    "acknowledged": Sign("ok", "check", _("Seen to")),
    "snoozed": Sign("neutral", "bell-off", _("Snoozed")),
    "escalated": Sign("danger", "escalate", _("Escalated")),
    "resolved": Sign("ok", "ok", _("Resolved")),
    "low": Sign("neutral", "circle", _("Low")),
    "medium": Sign("info", "info", _("Medium")),
    "high": Sign("warn", "warn", _("High")),
    "critical": Sign("danger", "escalate", _("Critical")),
    # messages
    "queued": Sign("neutral", "clock", _("Queued")),
    "sent": Sign("info", "send", _("Sent")),
    "delivered": Sign("ok", "delivered", _("Delivered")),
    "read": Sign("ok", "eye", _("Read")),
    "replied": Sign("ok", "reply", _("Replied")),
    "held_back": Sign("neutral", "hold", _("Held back")),
    # the circuit breakers of far sides
    "breaker:closed": Sign("ok", "plug", _("Connected")),
    "breaker:open": Sign("danger", "unplug", _("Cut off")),
    "breaker:half_open": Sign("warn", "retry", _("Trying again")),
    # documents on their way to the books
    "export:queued": Sign("neutral", "clock", _("Waits for the books")),
    "export:locked": Sign("info", "lock", _("Being taken")),
    "export:handed_over": Sign("info", "send", _("Handed over")),
    "export:accepted": Sign("ok", "ok", _("Booked")),
    "export:rejected": Sign("danger", "danger", _("Refused by the books")),
    # events told to systems outside
    "webhook:delivered": Sign("ok", "ok", _("Delivered")),
    "webhook:dead": Sign("danger", "danger", _("Given up")),
    # how fresh the data is
    "freshness:fresh": Sign("ok", "ok", _("Fresh")),
    "freshness:late": Sign("warn", "clock", _("Late")),
    "freshness:stale": Sign("danger", "warn", _("Stale")),
    "freshness:none": Sign("neutral", "circle-dashed", _("No data yet")),
    # how good the data are
    "quality:A": Sign("ok", "shield", _("Data A")),
    "quality:B": Sign("ok", "shield", _("Data B")),
    "quality:C": Sign("warn", "info", _("Data C")),
    "quality:D": Sign("danger", "warn", _("Data D")),
    "quality:E": Sign("danger", "warn", _("Data E")),
    "quality:doubt": Sign("warn", "clock", _("Data in doubt")),
    # imports and rows they set aside
    "import:uploaded": Sign("neutral", "upload", _("Taken in")),
    "import:checking": Sign("info", "running", _("Being checked")),
    "import:checked": Sign("accent", "inbox", _("Checked, waits for you")),
    "import:writing": Sign("info", "running", _("Being written")),
    "import:written": Sign("danger", "warn", _("Written, totals differ")),
    "import:reconciled": Sign("ok", "scale", _("Reconciled")),
    "import:cancelled": Sign("neutral", "circle-slash", _("Cancelled")),
    "import:failed": Sign("danger", "danger", _("Failed")),
    "import:undoing": Sign("info", "running", _("Being undone")),
    "import:undone": Sign("neutral", "undo", _("Undone")),
    "quarantine:open": Sign("warn", "warn", _("Not taken")),
    "quarantine:corrected": Sign("accent", "edit", _("Corrected")),
    "quarantine:taken": Sign("ok", "ok", _("Taken")),
    "quarantine:dropped": Sign("neutral", "circle-slash", _("Dropped")),
    # autonomy
    "observe": Sign("neutral", "eye", _("Only observes")),
    "propose": Sign("info", "inbox", _("Proposes")),
    "auto_within_limits": Sign("accent", "shield", _("Acts within limits")),
    "auto": Sign("warn", "bot-check", _("Acts by itself")),
}

_WAYS: Mapping[str, str | Promise] = {
    "hold": _("Hold"),
    "transfer": _("Transfer"),
    "discount": _("Discount"),
    "return_to_company": _("Return to company"),
    "donate": _("Donate"),
    "destroy": _("Destroy"),
}

#: Why a way out is closed.
_CLOSED: Mapping[str, str | Promise] = {
    "closed_expired": _("expired stock cannot be kept for sale"),
    "closed_no_lane_pays": _("expired, or no open lane leads where it sells in time and pays for the move"),
    "closed_no_life_to_sell": _("expired, or too little life is left to sell it at any price"),
    "closed_not_taken_back": _("the company does not take it back, no longer does, or was asked to already"),
    "closed_no_life_for_charity": _("too little life is left for a charity"),
    "the same pieces, left to sell": _("the same pieces, left to sell"),
}

#: What the machine does by itself, by the name under which it acts.
_MACHINE: Mapping[str, str | Promise] = {
    "aggregates": _("The machine: sums of sales"),
    "clock": _("The machine: time is up"),
    "command-line": _("The command line"),
    "demonstration": _("The demonstration"),
    "engine": _("The machine"),
    "executor": _("The machine: carrying out"),
    "exports": _("The machine: documents for the books"),
    "gateway": _("The machine: the API"),
    "guards": _("The machine: the guards"),
    "mailed-report": _("The machine: reports by mail"),
    "messaging": _("The machine: messages"),
    "outcomes": _("The machine: what predictions came to"),
    "prices": _("The machine: prices"),
    "quality": _("The machine: data quality"),
    "replay": _("The replay of the past"),
    "takeout": _("The machine: data to take along"),
    "twins": _("The machine: records that mean the same"),
    "webhooks": _("The machine: webhooks"),
    "weekly-report": _("The machine: the weekly report"),
}

#: What things are called by the first part of their name in records.
_THINGS: Mapping[str, str | Promise] = {
    "action": _("Action"),
    "agent": _("Agent"),
    "alert": _("Alert"),
    "autonomy": _("Autonomy"),
    "batch": _("Batch"),
    "campaign": _("Campaign"),
    "channel": _("Channel"),
    "claim": _("Claim"),
    "cycle": _("Cycle"),
    "delivery": _("Delivery of an event"),
    "document": _("Document"),
    "drift": _("Predictions"),
    "export": _("Document for the books"),
    "feed": _("Feed"),
    "halt": _("Stop"),
    "impact": _("Worth of ways out"),
    "import": _("Import"),
    "item": _("SKU in a territory"),
    "key": _("API key"),
    "location": _("Location"),
    "message": _("Message"),
    "model": _("Model"),
    "offer": _("Offer"),
    "override": _("Forecast of a person"),
    "adjustment": _("Correction of past demand"),
    "policy": _("Rules"),
    "profile": _("Profile"),
    "registration": _("Registration"),
    "replay": _("Replay"),
    "report": _("Report"),
    "retailer": _("Outlet"),
    "series": _("Series"),
    "standing": _("Stock at an outlet"),
    "stock": _("Stock"),
    "takeout": _("Data to take along"),
    "template": _("Template"),
    "territory": _("Territory"),
    "transfer": _("Transfer"),
    "twins": _("Records that mean the same"),
    "user": _("Person"),
    "view": _("View"),
    "webhook": _("Webhook"),
}

_COMPONENTS: Mapping[str, str | Promise] = {
    "revenue": _("Revenue"),
    "recovered": _("Recovered"),
    "residual": _("Worth of what is left"),
    "claim": _("Claim on the company"),
    "documents": _("Papers"),
    "message": _("Messages"),
    "output_tax": _("Tax out of pocket between registrations"),
    "credit_note": _("Credit note from the company"),
    "goods": _("Cost of goods"),
    "write_off": _("Written off"),
    "written_back": _("Booked back"),
    "carrying": _("Carrying cost"),
    "opportunity": _("Money tied up"),
    "disposal": _("Disposal"),
    "transport": _("Transport"),
    "handling": _("Handling"),
    "messages": _("Messages"),
    "discount": _("Discount given"),
    "gst": _("GST effect"),
    "gst_effect": _("GST effect"),
    "itc_reversal": _("Input tax credit reversed"),
    "expiry": _("Expected expiry loss"),
}

#: Ways of forecasting, as one would tell a buyer; the name that statisticians use stands behind.
_METHODS: Mapping[str, str | Promise] = {
    "naive": _("last week again (naive)"),
    "seasonal_naive": _("same week of last year"),
    "mean_8_weeks": _("mean of 8 weeks"),
    "mean_13_weeks": _("mean of 13 weeks"),
    "mean_52_weeks": _("mean of a year"),
    "pooled_mean": _("mean, drawn to that of goods alike"),
    "begun": _("what followed the first order"),
    "silence": _("nothing at all (zero)"),
    "smoothing": _("steady, newer weeks weigh more (smoothing)"),
    "sba": _("rare sales: how many and how often (SBA)"),
    "tsb": _("rare sales, quick to notice that they stop (TSB)"),
    "tsb_slow": _("rare sales, slow to notice that they stop (TSB)"),
    "seasonal_tsb": _("rare sales, bent by the season (TSB)"),
    "mixture": _("mean of three ways"),
    "mixture_slow": _("mean of three ways, slow to react"),
    "seasonal_mixture": _("mean of three ways, bent by the season"),
    "boosted": _("learnt from all goods together (trees)"),
    "boosted_mixture": _("half learnt from all goods (trees), half mean of three ways"),
    "chosen": _("what stands for each class"),
}


#: Words of the law and the trade that names in code cannot spell.
_SPELT: Mapping[str, str] = {"fssai": "FSSAI", "eway": "E-way"}


def sign(code: str, kind: str = "") -> Sign:
    """The sign of a status code; `kind` separates codes that mean different things (`breaker`).

    An unknown code is shown in plain words and a neutral tone.
    """
    found = _STATUSES.get(f"{kind}:{code}") or _STATUSES.get(code)
    return found or Sign("neutral", "circle", plain(code))


def _plain(code: str) -> str:
    """A code as words, `short_dated_receipt` -> `Short dated receipt`, translated when known."""
    text = str(code).replace("_", " ").strip()
    return gettext(text[:1].upper() + text[1:]) if text else ""


def plain(code: str) -> str:
    """A code as words, part by part where it has parts: `passed_over:no_need`."""
    return ": ".join(_plain(part) for part in str(code).split(":"))


def said(name: str) -> str:
    """The name of an event or a verb as words, `DeadStockDetected` -> `Dead stock detected`."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+", name)
    return plain("_".join(_part(part) for part in parts))


def _part(part: str) -> str:
    if part.isupper() and len(part) > 1:
        return part
    return _SPELT.get(part.lower(), part.lower())


def method_label(code: str) -> str:
    """The words for a way of forecasting."""
    return str(_METHODS.get(code) or plain(code))


def way_label(code: str) -> str:
    """The word for a way out."""
    return str(_WAYS.get(code) or plain(code))


def way_note(note: str) -> str:
    """The words for why a way out is closed; a sentence of somebody's own stays as it is."""
    return str(_CLOSED.get(note, note))


def component_label(code: str) -> str:
    """The word for one component of a way out's net rupees."""
    return str(_COMPONENTS.get(code) or plain(code))


def who(name: str) -> str:
    """Who acted, as people call it: `agent:alerts` and "Alerts agent" alike; a person's name stays."""
    agents = {spec.name: str(spec.label) for spec in registry.agents()}
    kind, _colon, ident = name.partition(":")
    if (kind == "agent" and ident) or name.endswith(" agent"):
        ident = ident or name.removesuffix(" agent").lower()
        return gettext("%(agent)s agent") % {"agent": agents[ident]} if ident in agents else name
    if kind == "system" and ident:
        return str(_MACHINE.get(ident) or gettext("The machine"))
    if kind in _THINGS and ident and " " not in ident:
        return f"{_THINGS[kind]} {ident}"
    return name


def about(subject: str) -> str:
    """What something was done to, as people call it: `action:12` is "Action 12"."""
    kind, _colon, ident = subject.partition(":")
    if kind == "agent" and ident:
        return who(subject)
    if kind not in _THINGS:
        return subject
    return f"{_THINGS[kind]} {gettext(ident) if ident in ('everything',) else ident}".strip()


def script_words() -> dict[str, str]:
    """What the JavaScript modules say, in the reader's language."""
    return {
        "lakh": gettext("lakh"),
        "crore": gettext("crore"),
        "briefThousand": pgettext("thousands in a narrow cell", "K"),
        "briefLakh": pgettext("lakhs in a narrow cell", "L"),
        "briefCrore": pgettext("crores in a narrow cell", "Cr"),
        "pieces": gettext("pieces"),
        "days": gettext("days"),
        "left": gettext("%s left"),
        "over": gettext("The undo window has closed"),
        "selected": gettext("%s selected"),
        "offline": gettext("No connection. Nothing was changed; try again."),
        "refused": gettext("That did not work. Nothing was changed."),
        "dismiss": gettext("Dismiss"),
        "copied": gettext("Copied"),
        "today": gettext("Today"),
        "light": gettext("Light"),
        "dark": gettext("Dark"),
        "system": gettext("As the device"),
    }
