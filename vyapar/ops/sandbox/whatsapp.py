"""The WhatsApp Cloud API's desk for messages, and the people at the other end."""

from __future__ import annotations

import base64
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from vyapar.ops.sandbox import behaviour
from vyapar.ops.sandbox.behaviour import MARKETING, WhatsAppFate
from vyapar.ops.sandbox.ground import Ground
from vyapar.ops.sandbox.journal import Sent
from vyapar.ops.sandbox.limits import Bucket, PerSecond
from vyapar.ops.sandbox.outbox import Target
from vyapar.ops.sandbox.registry import Line, Template
from vyapar.ops.sandbox.replies import Reply, graph_error, graph_title

_NUMBER = re.compile(r"\+?([1-9]\d{7,14})")
_BAD_TEXT = re.compile(r"[\n\t]| {5,}")
_LONGEST_BODY = 1024


class WhatsAppDesk:
    """Takes messages for any line on file and lives through what follows."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._throughput = PerSecond(ground.settings.messages_per_second)
        self._pairs = Bucket(burst=45, seconds=6.0)  # Meta: one per 6 s, 45 may be borrowed

    def send(self, number_id: str, token: str, body: Mapping[str, Any]) -> Reply:
        """`POST /{version}/{phone_number_id}/messages`."""
        line = self._ground.registry.find_line(number_id)
        refusal = refuse_token(line, number_id, token)
        if refusal or line is None:
            return refusal or graph_error(100)
        if body.get("status") == "read" and body.get("message_id"):
            return Reply(200, {"success": True})
        if not self._throughput.admits(number_id, time.monotonic()):
            return graph_error(130429, "Cloud API message throughput has been reached.")
        found = _NUMBER.fullmatch(str(body.get("to", "")))
        refusal = _refuse_envelope(body, bool(found))
        if refusal or not found:
            return refusal or graph_error(131009)
        to = found.group(1)
        if not self._pairs.admits(f"{number_id}:{to}", time.monotonic()):
            return graph_error(131056, "Too many messages to this number in a short time.")
        return self._take(line, to, body)

    def _take(self, line: Line, to: str, body: Mapping[str, Any]) -> Reply:
        kind = str(body.get("type", "text"))
        if kind == "template":
            return self._take_template(line, to, body)
        if kind != "text":
            return graph_error(131051, "This simulator takes templates and texts.")
        text = str((body.get("text") or {}).get("body", ""))
        if not text:
            return graph_error(131008, "text.body is required")
        message = self._sent(line, to, body, kind="text", category="SERVICE", text=text)
        at = self._ground.clock()
        in_window = self._ground.journal.in_window(line.phone_number_id, to, at)
        self._live(line, message, error=0 if in_window else 131047)
        return _accepted(to, message.id)

    def _take_template(self, line: Line, to: str, body: Mapping[str, Any]) -> Reply:
        asked = body.get("template") or {}
        name = str(asked.get("name", ""))
        language = str((asked.get("language") or {}).get("code", ""))
        template = self._ground.registry.find_template(line.account, name, language)
        if template is None or template.status in ("PENDING", "REJECTED"):
            return graph_error(132001, f"template name ({name}) does not exist in {language}")
        if template.status in ("PAUSED", "DISABLED"):
            code = 132015 if template.status == "PAUSED" else 132016
            return graph_error(code, f"template {name} is {template.status.lower()}")
        texts = _texts(asked, "body")
        refusal = _refuse_parameters(template, texts)
        if refusal:
            return refusal
        payloads = _texts(asked, "button") + list(template.quick_replies)  # labels by default
        message = self._sent(
            line,
            to,
            body,
            kind="template",
            category=template.category,
            text=_filled(template, texts),
            template=name,
            language=language,
            buttons=tuple(zip(template.quick_replies, payloads, strict=False)),
        )
        self._live(line, message, error=self._personal_error(line, message))
        return _accepted(to, message.id)

    def _personal_error(self, line: Line, message: Sent) -> int:
        """131050 after WhatsApp's own stop switch, 131049 above the cap on marketing per person."""
        journal, settings = self._ground.journal, self._ground.settings
        if message.category != MARKETING:
            return 0
        if journal.has_switched_off(line.phone_number_id, message.to):
            return 131050
        today = journal.add_marketing(message.to, message.at)
        return 131049 if today > settings.marketing_per_day else 0

    def _sent(
        self,
        line: Line,
        to: str,
        body: Mapping[str, Any],
        *,
        kind: str,
        category: str,
        text: str,
        template: str = "",
        language: str = "",
        buttons: tuple[tuple[str, str], ...] = (),
    ) -> Sent:
        ident = base64.b64encode(b"\x0f\x02\x00" + to.encode() + secrets.token_bytes(9)).decode()
        message = Sent(
            id=f"wamid.{ident}",
            line=line.phone_number_id,
            to=to,
            kind=kind,
            template=template,
            language=language,
            category=category,
            text=text,
            callback_data=str(body.get("biz_opaque_callback_data", "")),
            at=self._ground.clock(),
            buttons=buttons,
        )
        self._ground.journal.add_sent(message)
        return message

    # --- what follows ------------------------------------------------------------------------

    def _live(self, line: Line, message: Sent, *, error: int) -> None:
        shares, outbox = self._ground.settings.shares, self._ground.outbox
        fate = behaviour.whatsapp_fate(message.to, message.template, message.category, shares)
        if error or fate.error:
            outbox.later(1.0, lambda: self._report(line, message, "failed", error or fate.error))
            return
        outbox.later(0.3, lambda: self._report(line, message, "sent"))
        outbox.later(fate.delivered_after, lambda: self._report(line, message, "delivered"))
        if fate.read_after:
            outbox.later(fate.read_after, lambda: self._report(line, message, "read"))
        if fate.act:
            outbox.later(fate.act_after, lambda: self._act(line, message, fate))

    def _act(self, line: Line, message: Sent, fate: WhatsAppFate) -> None:
        if fate.act == "used_stop_switch":
            self.use_switch(line, message.to, marketing=False)
        elif fate.act == "clicked" and message.buttons:
            button = behaviour.pick(message.buttons, "button", message.to, message.template)
            self.receive(line, message.to, button=button, context=message.id)
        elif fate.act == "wrote_stop":
            text = behaviour.stop_text(message.language, message.to)
            self.receive(line, message.to, text=text, context=message.id)
        else:
            text = behaviour.order_text(message.language, message.to, message.template)
            self.receive(line, message.to, text=text, context=message.id)

    def receive(
        self,
        line: Line,
        person: str,
        *,
        text: str = "",
        button: tuple[str, str] | None = None,
        context: str = "",
    ) -> str:
        """A person writes or taps (`button` is label and payload); returns the message's id."""
        at = self._ground.clock()
        self._ground.journal.open_window(line.phone_number_id, person, at)
        ident = f"wamid.{base64.b64encode(person.encode() + secrets.token_bytes(9)).decode()}"
        message: dict[str, Any] = {"from": person, "id": ident, "timestamp": str(int(at.timestamp()))}
        if context:
            message["context"] = {"from": line.display_phone_number, "id": context}
        if button:
            message |= {"type": "button", "button": {"text": button[0], "payload": button[1]}}
        else:
            message |= {"type": "text", "text": {"body": text}}
        self._ground.journal.inbound.append(message)
        contact = {"profile": {"name": "Simulated retailer"}, "wa_id": person}
        self._tell(line, "messages", {"contacts": [contact], "messages": [message]})
        return ident

    def use_switch(self, line: Line, person: str, *, marketing: bool) -> None:
        """A person stops or resumes marketing messages in WhatsApp itself."""
        self._ground.journal.switch(line.phone_number_id, person, marketing=marketing)
        word = "resume" if marketing else "stop"
        preference = {
            "wa_id": person,
            "detail": f"User requested to {word} marketing messages",
            "category": "marketing_messages",
            "value": word,
            "timestamp": int(self._ground.clock().timestamp()),
        }
        contacts = [{"wa_id": person}]
        value = {"contacts": contacts, "user_preferences": [preference]}
        self._tell(line, "user_preferences", value)

    def _report(self, line: Line, message: Sent, status: str, error: int = 0) -> None:
        self._ground.journal.mark(message, status, error)
        item: dict[str, Any] = {
            "id": message.id,
            "status": status,
            "timestamp": str(int(self._ground.clock().timestamp())),
            "recipient_id": message.to,
        }
        if message.callback_data:
            item["biz_opaque_callback_data"] = message.callback_data
        if status in ("sent", "delivered"):
            paid = message.category != "SERVICE"
            kind = "regular" if paid else "free_customer_service"
            item["pricing"] = {"billable": paid, "pricing_model": "PMP", "type": kind}
            item["pricing"]["category"] = message.category.lower()
        if error:
            title = graph_title(error)
            problem = {"code": error, "title": title, "message": title}
            item["errors"] = [problem | {"error_data": {"details": f"{title}. Simulated."}}]
        self._tell(line, "messages", {"statuses": [item]})

    def _tell(self, line: Line, field: str, value: Mapping[str, Any]) -> None:
        number = line.display_phone_number
        metadata = {"display_phone_number": number, "phone_number_id": line.phone_number_id}
        change = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        self._ground.outbox.post(target_of(line), {"field": field, "value": change})


def target_of(line: Line) -> Target:
    """Where a line's webhooks go."""
    return Target("whatsapp", line.webhook_url, line.host_header, line.app_secret, line.account)


def refuse_token(line: Line | None, number_id: str, token: str) -> Reply | None:
    """The refusal of an unknown line or a wrong bearer token."""
    if not token or (line and line.token and token != line.token):
        return graph_error(190, "Cannot parse or validate access token")
    if line is None:
        return graph_error(100, f"Object with ID '{number_id}' does not exist", subcode=33)
    return None


def _refuse_envelope(body: Mapping[str, Any], has_number: bool) -> Reply | None:
    if body.get("messaging_product") != "whatsapp":
        return graph_error(100, "The parameter messaging_product is required.")
    if not body.get("to"):
        return graph_error(100, "The parameter to is required.")
    if not has_number:
        return graph_error(131009, "to is not a valid phone number")
    if len(str(body.get("biz_opaque_callback_data", ""))) > 512:
        return graph_error(100, "biz_opaque_callback_data must be at most 512 characters")
    return None


def _refuse_parameters(template: Template, texts: list[str]) -> Reply | None:
    if len(texts) != template.variables:
        return graph_error(
            132000,
            f"body: number of localizable_params ({len(texts)}) does not match the expected "
            f"number of params ({template.variables})",
        )
    if any(not text for text in texts):
        return graph_error(131008, "Parameter of type text is missing text value")
    if any(_BAD_TEXT.search(text) for text in texts):
        said = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        return graph_error(132018, said)
    if len(_filled(template, texts)) > _LONGEST_BODY:
        return graph_error(132005, f"body is longer than {_LONGEST_BODY} characters")
    return None


def _texts(asked: Mapping[str, Any], kind: str) -> list[str]:
    parts = [c for c in asked.get("components") or [] if str(c.get("type", "")).lower() == kind]
    parameters = [p for part in parts for p in part.get("parameters") or []]
    return [str(p.get("text") or p.get("payload") or "") for p in parameters]


def _filled(template: Template, texts: list[str]) -> str:
    names = iter(texts)
    seen: dict[str, str] = {}

    def fill(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in seen:
            seen[name] = next(names, "")
        return seen[name]

    return re.sub(r"{{\s*(\w+)\s*}}", fill, template.body)


def _accepted(to: str, ident: str) -> Reply:
    contacts = [{"input": to, "wa_id": to}]
    messages = [{"id": ident, "message_status": "accepted"}]
    body = {"messaging_product": "whatsapp", "contacts": contacts, "messages": messages}
    return Reply(200, body)
