"""Our messages in the Cloud API's words, and its answers in ours. Pure.

Source of shapes: Meta's Cloud API reference (messages, message_templates, error codes), read
October 2026; of `errors.csv`: the same reference, with our plan and wait per code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vyapar.farside.answers import Answer, undocumented, unreadable
from vyapar.kernel.errors import Fault, Invalid, VyaparError
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.channels.errors import read_table
from vyapar.messaging.contracts import Handed, Outgoing, TemplateSpec

NAME = "whatsapp"
ERRORS = read_table(__package__)

_CALLBACK_LIMIT = 512
_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"\+?([1-9]\d{7,14})")


def to_template_message(outgoing: Outgoing) -> dict[str, Any]:
    """The body of `POST /{number}/messages` for a template.

    Parameters lose line breaks and runs of spaces, which the API refuses. Raises `Invalid` for a
    missing template, an empty parameter or a number that is not international.
    """
    if not outgoing.template:
        raise _invalid("template", _("a WhatsApp template message names its template"), "")
    components: list[dict[str, Any]] = []
    if outgoing.parameters:
        texts = [_parameter(index, text) for index, text in enumerate(outgoing.parameters, 1)]
        components.append({"type": "body", "parameters": texts})
    components += [_button(index, payload) for index, payload in enumerate(outgoing.buttons)]
    template: dict[str, Any] = {"name": outgoing.template, "language": {"code": outgoing.language}}
    if components:
        template["components"] = components
    return {**_envelope(outgoing), "type": "template", "template": template}


def to_text_message(outgoing: Outgoing) -> dict[str, Any]:
    """The body of `POST /{number}/messages` for free text inside the 24-hour window."""
    if not outgoing.body_text:
        raise _invalid("bodyText", _("a text message has a text"), "")
    text = {"body": outgoing.body_text, "preview_url": False}
    return {**_envelope(outgoing), "type": "text", "text": text}


def recipient(number: str) -> str:
    """Digits with country code, as WhatsApp ids are written; `Invalid` for anything else."""
    found = _NUMBER.fullmatch(re.sub(r"[\s()-]", "", number))
    if not found:
        raise _invalid("to", _("write the number with its country code, e.g. 919812345678"), number)
    return found.group(1)


def read_handed(answer: Answer) -> Handed:
    """The hand-over in an answer to a message; raises the kernel's error for a refusal."""
    if not answer.is_success:
        raise failure(answer)
    messages = answer.payload.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    if not isinstance(first, Mapping) or not first.get("id"):
        raise unreadable(NAME)
    status = str(first.get("message_status") or "accepted")
    return Handed(provider_id=str(first["id"]), status=status, simulated=answer.simulated)


def failure(answer: Answer) -> VyaparError:
    """The kernel's error for a refusal, coded `whatsapp_<code>`.

    Meta asks to go by `code`, not by the HTTP status. A code that nobody documented is judged by
    the status alone.
    """
    said = answer.payload.get("error")
    if not isinstance(said, Mapping) or not isinstance(said.get("code"), int):
        return undocumented(NAME, answer)
    # 100 with subcode 33 is how Graph says that the number or account id does not exist
    code = "33" if (said["code"], said.get("error_subcode")) == (100, 33) else str(said["code"])
    known = ERRORS.find(code)
    data = said.get("error_data")
    details = (data.get("details") if isinstance(data, Mapping) else None) or said.get("message")
    if known is None:
        return undocumented(NAME, answer, code=code, details=str(details or ""))
    message = f"WhatsApp {code}: {details or known.meaning}"
    return known.as_error(f"{NAME}_{code}", message, retry_after=answer.retry_after)


def to_template(spec: TemplateSpec) -> dict[str, Any]:
    """The body of `POST /{account}/message_templates`."""
    body: dict[str, Any] = {"type": "BODY", "text": spec.body}
    if spec.examples:
        body["example"] = {"body_text": [list(spec.examples)]}
    components: list[dict[str, Any]] = [body]
    if spec.footer:
        components.append({"type": "FOOTER", "text": spec.footer})
    if spec.buttons:
        buttons = [{"type": "QUICK_REPLY", "text": label} for label in spec.buttons]
        components.append({"type": "BUTTONS", "buttons": buttons})
    return {
        "name": spec.name,
        "language": spec.language,
        "category": spec.category,
        "components": components,
    }


def read_template(record: Mapping[str, Any]) -> TemplateSpec:
    """One template of the account's list."""
    parts = {str(part.get("type")): part for part in record.get("components") or []}
    example = (parts.get("BODY", {}).get("example") or {}).get("body_text") or [[]]
    buttons = parts.get("BUTTONS", {}).get("buttons") or []
    return TemplateSpec(
        name=str(record.get("name", "")),
        language=str(record.get("language", "")),
        category=str(record.get("category", "")),
        body=str(parts.get("BODY", {}).get("text", "")),
        examples=tuple(str(text) for text in example[0]),
        footer=str(parts.get("FOOTER", {}).get("text", "")),
        buttons=tuple(str(b["text"]) for b in buttons if b.get("type") == "QUICK_REPLY"),
        status=str(record.get("status", "")),
        provider_id=str(record.get("id", "")),
        reason=reason_of(record.get("rejected_reason")),
    )


def reason_of(said: Any) -> str:
    """Why a template stands as it does; the API writes NONE for nothing."""
    return "" if said in (None, "", "NONE") else str(said)


def _envelope(outgoing: Outgoing) -> dict[str, Any]:
    callback = outgoing.callback_data or outgoing.key
    if len(callback) > _CALLBACK_LIMIT:
        raise _invalid(
            "callbackData",
            _("at most %(most)s characters", most=_CALLBACK_LIMIT),
            callback,
        )
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": recipient(outgoing.to),
        "biz_opaque_callback_data": callback,
    }


def _parameter(index: int, text: str) -> dict[str, str]:
    tidy = _SPACES.sub(" ", text).strip()
    if not tidy:
        raise _invalid(f"parameters.{index}", _("WhatsApp refuses an empty parameter"), text)
    return {"type": "text", "text": tidy}


def _button(index: int, payload: str) -> dict[str, Any]:
    parameters = [{"type": "payload", "payload": payload}]
    return {
        "type": "button",
        "sub_type": "quick_reply",
        "index": str(index),
        "parameters": parameters,
    }


def _invalid(field: str, message: str, value: str) -> Invalid:
    fault = Fault("whatsapp_message", message, field, value=value)
    return Invalid(
        _("%(field)s: %(message)s", field=field, message=message), code="whatsapp_message", faults=[fault]
    )
