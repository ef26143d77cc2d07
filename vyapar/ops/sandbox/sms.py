"""The SMS gateway's desk: DLT scrubbing, hand-over, delivery reports, replies.

Protocol: see README.md beside this file.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from vyapar.kernel.calendar import IST
from vyapar.ops.sandbox import behaviour
from vyapar.ops.sandbox.ground import Ground
from vyapar.ops.sandbox.journal import Text
from vyapar.ops.sandbox.limits import PerSecond
from vyapar.ops.sandbox.outbox import Target
from vyapar.ops.sandbox.registry import SmsAccount
from vyapar.ops.sandbox.replies import Reply, sms_error

_FIELDS = ("reference", "entity_id", "header", "template_id", "to", "text")
_MOBILE = re.compile(r"91[6-9]\d{9}")
_LINK = re.compile(r"https?://[^\s]+")
_OPT_OUT = re.compile(r"(?i)\bstop\b|opt.?out|unsub|बंद")


class SmsDesk:
    """Takes texts for any account on file and reports what became of them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._throughput = PerSecond(ground.settings.messages_per_second)

    def submit(self, api_key: str, body: Mapping[str, Any]) -> Reply:
        """`POST /sms/v1/submit`: the same reference is the same text and goes out once."""
        account = self._ground.registry.find_account(api_key)
        if account is None:
            return sms_error("UNAUTHORISED", "the API key is missing or wrong")
        missing = [name for name in _FIELDS if not isinstance(body.get(name), str) or not body[name]]
        if missing:
            return sms_error("BAD_REQUEST", f"missing: {', '.join(missing)}")
        known = self._ground.journal.find_text(account.api_key, body["reference"])
        if known:
            return _known(known, body)
        if not self._throughput.admits(account.api_key, time.monotonic()):
            return sms_error("THROTTLED", "too many submits a second", retry_after=1)
        return self._scrub(account, body) or self._take(account, body)

    def status(self, api_key: str, reference: str) -> Reply:
        """`GET /sms/v1/status/{reference}`: what became of a text, or 404."""
        account = self._ground.registry.find_account(api_key)
        if account is None:
            return sms_error("UNAUTHORISED", "the API key is missing or wrong")
        text = self._ground.journal.find_text(account.api_key, reference)
        if text is None:
            return Reply(404, {"error": {"code": "NOT_FOUND", "message": "no such reference"}})
        return Reply(200, _event(text))

    def receive(self, account: SmsAccount, person: str, words: str, *, answers: str = "") -> str:
        """A person writes to the account's number; returns the id of what they wrote."""
        ident = f"in-{secrets.token_hex(8)}"
        event = {
            "type": "inbound",
            "message_id": ident,
            "from": person,
            "to": "56161",
            "text": words,
            "in_reply_to": answers,
            "at": self._ground.clock().isoformat(),
        }
        self._ground.journal.inbound.append(event)
        self._ground.outbox.post(_target(account), event)
        return ident

    def _scrub(self, account: SmsAccount, body: Mapping[str, Any]) -> Reply | None:
        """What the DLT platform refuses before anything is taken."""
        if account.entity_id and body["entity_id"] != account.entity_id:
            return sms_error("DLT_ENTITY_UNKNOWN", "the entity id is not this account's")
        if account.headers and body["header"] not in account.headers:
            return sms_error("DLT_HEADER_UNKNOWN", "the header is not registered")
        if not _MOBILE.fullmatch(body["to"]):
            return sms_error("BAD_NUMBER", "not an Indian mobile number")
        template = self._ground.registry.find_dlt(body["entity_id"], body["template_id"])
        if template is None or template.header != body["header"]:
            return sms_error("DLT_TEMPLATE_UNKNOWN", "no such template for this entity and header")
        if not template.matches(body["text"]):
            return sms_error("DLT_TEMPLATE_MISMATCH", "the text differs from the template")
        hosts = {urlsplit(link).hostname or "" for link in _LINK.findall(body["text"])}
        if hosts - set(account.urls):
            return sms_error("DLT_URL_NOT_WHITELISTED", f"links to {', '.join(sorted(hosts))}")
        return self._scrub_offer(body) if _is_promotional(body["header"]) else None

    def _scrub_offer(self, body: Mapping[str, Any]) -> Reply | None:
        if not _OPT_OUT.search(body["text"]):
            return sms_error("DLT_OPT_OUT_MISSING", "a promotional text must say how to opt out")
        wait = self._closed_for()
        if wait:
            said = "promotional texts pass between "
            opens, closes = self._ground.settings.promo_opens, self._ground.settings.promo_closes
            said += f"{opens:%H:%M} and {closes:%H:%M} IST"
            return sms_error("DLT_PROMO_WINDOW", said, retry_after=wait)
        return None

    def _closed_for(self) -> int:
        """Seconds until promotional texts pass; 0 when they do now."""
        settings, now = self._ground.settings, self._ground.clock().astimezone(IST)
        if settings.promo_opens <= now.time() < settings.promo_closes:
            return 0
        opens = datetime.combine(now.date(), settings.promo_opens, IST)
        if now >= opens:
            opens += timedelta(days=1)
        return max(1, int((opens - now).total_seconds()))

    def _take(self, account: SmsAccount, body: Mapping[str, Any]) -> Reply:
        fresh = Text(
            id=f"sms-{secrets.token_hex(8)}",
            reference=body["reference"],
            account=account.api_key,
            header=body["header"],
            template_id=body["template_id"],
            to=body["to"],
            text=body["text"],
            callback_data=str(body.get("callback_data", "")),
            promotional=_is_promotional(body["header"]),
            at=self._ground.clock(),
        )
        text = self._ground.journal.add_text(fresh)
        if text is fresh:
            self._live(account, text)
        return _handed(text, duplicate=text is not fresh)

    def _live(self, account: SmsAccount, text: Text) -> None:
        shares, outbox = self._ground.settings.shares, self._ground.outbox
        outbox.later(0.5, lambda: self._report(account, text, "submitted"))
        fault = behaviour.sms_fault(text.to, text.promotional, shares)
        end = 2.0 + behaviour.draw("sms-delay", text.to) / 10_000 * 4
        if fault:
            status = "expired" if fault == "ABSENT_SUBSCRIBER" else "failed"
            outbox.later(end, lambda: self._report(account, text, status, fault))
            return
        outbox.later(end, lambda: self._report(account, text, "delivered"))
        if text.promotional and behaviour.sms_stops(text.to, text.template_id, shares):
            outbox.later(end + 5, lambda: self._answer_stop(account, text))

    def _answer_stop(self, account: SmsAccount, text: Text) -> None:
        self.receive(account, text.to, "STOP", answers=text.id)

    def _report(self, account: SmsAccount, text: Text, status: str, error: str = "") -> None:
        text.status, text.error_code, text.status_at = status, error, self._ground.clock()
        self._ground.outbox.post(_target(account), {"type": "delivery", **_event(text)})


def _is_promotional(header: str) -> bool:
    return header.upper().endswith("-P")


def _target(account: SmsAccount) -> Target:
    return Target("sms", account.callback_url, account.host_header, account.secret)


def _known(text: Text, body: Mapping[str, Any]) -> Reply:
    if (text.to, text.text) != (body["to"], body["text"]):
        return sms_error("REFERENCE_REUSED", "the reference belongs to another text")
    return _handed(text, duplicate=True)


def _handed(text: Text, *, duplicate: bool) -> Reply:
    body = {"message_id": text.id, "reference": text.reference, "status": text.status}
    return Reply(200 if duplicate else 202, body | {"duplicate": duplicate})


def _event(text: Text) -> dict[str, Any]:
    event: dict[str, Any] = {
        "message_id": text.id,
        "reference": text.reference,
        "callback_data": text.callback_data,
        "header": text.header,
        "to": text.to,
        "status": text.status,
        "at": (text.status_at or text.at).isoformat(),
    }
    if text.error_code:
        event["error"] = {"code": text.error_code, "message": "simulated"}
    return event
