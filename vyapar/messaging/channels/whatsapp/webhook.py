"""What the Cloud API tells us: signature, subscription challenge, statuses, texts, preferences.

Pure. Written for the real stream: unknown fields and kinds are passed over, one malformed item never
hides its neighbours, and the same thing may come twice and in any order.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vyapar.kernel.errors import Forbidden, Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.channels.whatsapp.mapping import reason_of
from vyapar.messaging.contracts import (
    DeliveryStatus,
    InboundText,
    PreferenceChange,
    StatusUpdate,
    TemplateChange,
)

_STATUSES = frozenset({"sent", "delivered", "read", "failed"})
_MEDIA = frozenset({"image", "document", "audio", "video", "sticker", "location", "contacts"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def answer_challenge(params: Mapping[str, str], verify_token: str) -> str:
    """What to answer to Meta's subscription GET; `Forbidden` when the token is not ours."""
    token = params.get("hub.verify_token", "")
    matches = hmac.compare_digest(token.encode(), verify_token.encode())
    if params.get("hub.mode") != "subscribe" or not verify_token or not matches:
        raise Forbidden(_("the verify token does not match"), code="whatsapp_challenge")
    return params.get("hub.challenge", "")


def parse_webhook(
    body: bytes | str | Mapping[str, Any], *, received_at: datetime = _EPOCH
) -> list[StatusUpdate | InboundText]:
    """Statuses and inbound texts in a webhook body, each once, in the order given.

    A tap or a reply to one of our messages yields two items: the `clicked` or `replied` status of
    that message, and what the person sent. `received_at` stands in for a timestamp that cannot be
    read. Raises `Invalid` when the body is not a JSON object.
    """
    found: list[StatusUpdate | InboundText] = []
    for change in _changes(body, "messages"):
        for status in _objects(change.value.get("statuses")):
            found += _status(status, change, received_at)
        for message in _objects(change.value.get("messages")):
            found += _inbound(message, change, received_at)
    return list(dict.fromkeys(found))


def parse_preferences(
    body: bytes | str | Mapping[str, Any], *, received_at: datetime = _EPOCH
) -> list[PreferenceChange]:
    """Uses of WhatsApp's own stop and resume switch for marketing messages."""
    return [
        PreferenceChange(
            from_=str(item.get("wa_id", "")),
            marketing_allowed=item.get("value") == "resume",
            at=_instant(item.get("timestamp"), received_at),
            account=change.account,
            simulated=change.simulated,
        )
        for change in _changes(body, "user_preferences")
        for item in _objects(change.value.get("user_preferences"))
        if item.get("category") == "marketing_messages" and item.get("value") in ("stop", "resume")
    ]


def parse_template_changes(body: bytes | str | Mapping[str, Any]) -> list[TemplateChange]:
    """Approvals, rejections, pauses and disablings of templates."""
    return [
        TemplateChange(
            provider_id=str(change.value.get("message_template_id", "")),
            name=str(change.value.get("message_template_name", "")),
            language=str(change.value.get("message_template_language", "")),
            status=str(change.value["event"]).upper(),
            reason=reason_of(change.value.get("reason")),
            simulated=change.simulated,
        )
        for change in _changes(body, "message_template_status_update")
        if change.value.get("event")
    ]


@dataclass(frozen=True, slots=True)
class _Change:
    value: Mapping[str, Any]
    account: str
    simulated: bool


def _changes(body: bytes | str | Mapping[str, Any], field: str) -> Iterator[_Change]:
    document = body if isinstance(body, Mapping) else _document(body)
    simulated = document.get("simulated") is True
    for entry in _objects(document.get("entry")):
        for change in _objects(entry.get("changes")):
            value = change.get("value")
            if change.get("field") == field and isinstance(value, Mapping):
                meta = value.get("metadata")
                account = meta.get("phone_number_id", "") if isinstance(meta, Mapping) else ""
                yield _Change(value, str(account), simulated)


def _document(body: bytes | str) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("the webhook body is not JSON"), code="whatsapp_webhook") from error
    if not isinstance(document, Mapping):
        raise Invalid(_("the webhook body is not a JSON object"), code="whatsapp_webhook")
    return document


def _objects(value: Any) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, Mapping)]


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _instant(value: Any, fallback: datetime) -> datetime:
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return fallback


def _status(item: Mapping[str, Any], change: _Change, received_at: datetime) -> Iterator[StatusUpdate]:
    status = str(item.get("status"))
    if status not in _STATUSES or not item.get("id"):
        return
    error = next(iter(_objects(item.get("errors"))), {})
    pricing = _object(item.get("pricing"))
    billable = pricing.get("billable")
    yield StatusUpdate(
        provider_id=str(item["id"]),
        status=DeliveryStatus(status),
        at=_instant(item.get("timestamp"), received_at),
        error_code=str(error.get("code", "")),
        error_title=str(error.get("title") or error.get("message") or ""),
        recipient=str(item.get("recipient_id", "")),
        simulated=change.simulated,
        callback_data=str(item.get("biz_opaque_callback_data") or ""),
        account=change.account,
        category=str(pricing.get("category") or ""),
        billable=billable if isinstance(billable, bool) else None,
    )


def _inbound(
    item: Mapping[str, Any], change: _Change, received_at: datetime
) -> Iterator[StatusUpdate | InboundText]:
    text, payload, kind = _said(item)
    sender = _sender(item, change)
    if not kind or not item.get("id"):
        return
    reply_to = str(_object(item.get("context")).get("id") or "")
    if kind == "reaction":
        reply_to = str(_object(item.get("reaction")).get("message_id") or "")
    at = _instant(item.get("timestamp"), received_at)
    if reply_to and kind != "reaction":
        yield StatusUpdate(
            provider_id=reply_to,
            status=DeliveryStatus.CLICKED if kind == "button" else DeliveryStatus.REPLIED,
            at=at,
            recipient=sender,
            simulated=change.simulated,
            account=change.account,
            detail=payload,
        )
    yield InboundText(
        from_=sender,
        text=text,
        at=at,
        provider_id=str(item["id"]),
        reply_to=reply_to,
        payload=payload,
        kind=kind,
        account=change.account,
        simulated=change.simulated,
    )


def _sender(item: Mapping[str, Any], change: _Change) -> str:
    contact = next(iter(_objects(change.value.get("contacts"))), {})
    return str(item.get("from") or contact.get("wa_id") or contact.get("user_id") or "")


def _said(item: Mapping[str, Any]) -> tuple[str, str, str]:
    """Text, payload and kind of an inbound message; an empty kind is one we do not read."""
    kind = str(item.get("type", ""))
    part = _object(item.get(kind))
    if kind == "text":
        return str(part.get("body", "")), "", kind
    if kind == "button":
        return str(part.get("text", "")), str(part.get("payload", "")), kind
    if kind == "interactive":
        reply = _object(part.get("button_reply") or part.get("list_reply"))
        return str(reply.get("title", "")), str(reply.get("id", "")), "button" if reply else ""
    if kind == "order":
        items = json.dumps(part.get("product_items") or [], ensure_ascii=False)
        return str(part.get("text", "")), items, kind
    if kind == "reaction":
        return str(part.get("emoji", "")), "", kind
    return (str(part.get("caption", "")), "", kind) if kind in _MEDIA else ("", "", "")
