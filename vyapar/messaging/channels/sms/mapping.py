"""Our texts in the gateway's words, and its reports in ours. Pure.

The gateway protocol is a plain JSON one with what every Indian gateway must carry: principal entity
id, header and content template id of the DLT registry (TCCCPR 2018 and its second amendment of
12-02-2025). Adapting to a particular vendor means rewriting this file only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vyapar.farside.answers import Answer, undocumented, unreadable
from vyapar.kernel.errors import Fault, Invalid, VyaparError
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.channels.errors import read_table
from vyapar.messaging.contracts import DeliveryStatus, Handed, InboundText, Outgoing, StatusUpdate

NAME = "sms"
ERRORS = read_table(__package__)

_STATUSES = {
    "accepted": DeliveryStatus.SENT,
    "submitted": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "failed": DeliveryStatus.FAILED,
    "rejected": DeliveryStatus.FAILED,
    "expired": DeliveryStatus.FAILED,
}
_INDIAN_MOBILE = re.compile(r"(?:\+?91)?([6-9]\d{9})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# 3GPP TS 23.038: the default alphabet, and its extension whose characters take two places
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€")


def to_submit(outgoing: Outgoing, *, entity_id: str, header: str) -> dict[str, Any]:
    """The body of `POST /sms/v1/submit`.

    Raises `Invalid` for a number that is not an Indian mobile, a missing template id or text.
    """
    for field, value in (("template", outgoing.template), ("bodyText", outgoing.body_text)):
        if not value:
            raise _invalid(field, _("an SMS needs its DLT template id and its text"), "")
    return {
        "reference": outgoing.key,
        "entity_id": entity_id,
        "header": header,
        "template_id": outgoing.template,
        "to": mobile(outgoing.to),
        "text": outgoing.body_text,
        "encoding": "gsm7" if is_gsm(outgoing.body_text) else "unicode",
        "callback_data": outgoing.callback_data or outgoing.key,
    }


def mobile(number: str) -> str:
    """`91` and ten digits; `Invalid` for anything but an Indian mobile number."""
    found = _INDIAN_MOBILE.fullmatch(re.sub(r"[\s()-]", "", number))
    if not found:
        raise _invalid("to", _("write an Indian mobile number, e.g. 919812345678"), number)
    return "91" + found.group(1)


def is_gsm(text: str) -> bool:
    """True when the text fits the GSM 7-bit alphabet (Hindi does not)."""
    return all(letter in _GSM or letter in _GSM_TWICE for letter in text)


def segments(text: str) -> int:
    """Parts the operator bills: 160 places (153 in parts), or 70 (67) outside GSM 7-bit.

    Source: 3GPP TS 23.038 and 23.040. An empty text is one part.
    """
    if is_gsm(text):
        places, whole, part = sum(2 if letter in _GSM_TWICE else 1 for letter in text), 160, 153
    else:
        places, whole, part = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if places <= whole else -(-places // part)


def read_handed(answer: Answer) -> Handed:
    """The hand-over in an answer to a submit; raises the kernel's error for a refusal."""
    if not answer.is_success:
        raise failure(answer)
    if not answer.payload.get("message_id"):
        raise unreadable(NAME)
    return Handed(
        provider_id=str(answer.payload["message_id"]),
        status=str(answer.payload.get("status") or "accepted"),
        simulated=answer.simulated,
    )


def read_found(answer: Answer) -> StatusUpdate | None:
    """The message of a reference, or None when the gateway never took it."""
    if answer.status == 404 and not answer.payload.get("message_id"):
        return None
    if not answer.is_success:
        raise failure(answer)
    found = _report(answer.payload, simulated=answer.simulated, received_at=_EPOCH)
    if found is None:
        raise unreadable(NAME)
    return found


def failure(answer: Answer) -> VyaparError:
    """The kernel's error for a refusal, coded `sms_<code>`."""
    said = answer.payload.get("error")
    if not isinstance(said, Mapping) or not said.get("code"):
        return undocumented(NAME, answer)
    code = str(said["code"])
    known = ERRORS.find(code)
    details = str(said.get("message") or "")
    if known is None:
        return undocumented(NAME, answer, code=code, details=details)
    message = f"SMS {code}: {details or known.meaning}"
    return known.as_error(f"{NAME}_{code}", message, retry_after=answer.retry_after)


def parse_report(
    body: bytes | str | Mapping[str, Any], *, received_at: datetime = _EPOCH
) -> list[StatusUpdate | InboundText]:
    """Delivery reports and replies in a callback, each once, in the order given.

    Unknown kinds and fields are passed over. Raises `Invalid` when the body is no JSON object.
    """
    document = body if isinstance(body, Mapping) else _document(body)
    simulated = document.get("simulated") is True
    events = document.get("events")
    found: list[StatusUpdate | InboundText] = []
    for event in events if isinstance(events, list) else []:
        if isinstance(event, Mapping):
            read = _inbound if event.get("type") == "inbound" else _report
            item = read(event, simulated=simulated, received_at=received_at)
            found += [item] if item else []
    return list(dict.fromkeys(found))


def _report(item: Mapping[str, Any], *, simulated: bool, received_at: datetime) -> StatusUpdate | None:
    status = _STATUSES.get(str(item.get("status")))
    if status is None or not item.get("message_id"):
        return None
    said = item.get("error")
    error = said if isinstance(said, Mapping) else {}
    return StatusUpdate(
        provider_id=str(item["message_id"]),
        status=status,
        at=_instant(item.get("at"), received_at),
        error_code=str(error.get("code") or ""),
        error_title=str(error.get("message") or ""),
        recipient=str(item.get("to") or ""),
        simulated=simulated,
        callback_data=str(item.get("callback_data") or item.get("reference") or ""),
        account=str(item.get("header") or ""),
    )


def _inbound(item: Mapping[str, Any], *, simulated: bool, received_at: datetime) -> InboundText | None:
    if not item.get("message_id"):
        return None
    return InboundText(
        from_=str(item.get("from") or ""),
        text=str(item.get("text") or ""),
        at=_instant(item.get("at"), received_at),
        provider_id=str(item["message_id"]),
        reply_to=str(item.get("in_reply_to") or ""),
        account=str(item.get("header") or ""),
        simulated=simulated,
    )


def _document(body: bytes | str) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("the report is not JSON"), code="sms_report") from error
    if not isinstance(document, Mapping):
        raise Invalid(_("the report is not a JSON object"), code="sms_report")
    return document


def _instant(value: Any, fallback: datetime) -> datetime:
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        return fallback
    return instant.astimezone(UTC) if instant.tzinfo else fallback


def _invalid(field: str, message: str, value: str) -> Invalid:
    fault = Fault("sms_message", message, field, value=value)
    return Invalid(
        _("%(field)s: %(message)s", field=field, message=message), code="sms_message", faults=[fault]
    )
