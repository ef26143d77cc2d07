"""The sandbox's own desk: what it has seen, faults to order, people to play."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vyapar.ops.sandbox.faults import Faults
from vyapar.ops.sandbox.ground import Ground
from vyapar.ops.sandbox.replies import Reply
from vyapar.ops.sandbox.sms import SmsDesk
from vyapar.ops.sandbox.templates import TemplateDesk
from vyapar.ops.sandbox.whatsapp import WhatsAppDesk


class ControlDesk:
    """Answers under `/_sandbox`; nothing of it exists at the real far sides."""

    def __init__(
        self,
        ground: Ground,
        faults: Faults,
        whatsapp: WhatsAppDesk,
        templates: TemplateDesk,
        sms: SmsDesk,
    ) -> None:
        self._ground = ground
        self._faults = faults
        self._whatsapp = whatsapp
        self._templates = templates
        self._sms = sms

    def state(self) -> Reply:
        """Counts, what is on file, faults still standing, webhooks still waiting."""
        body = {
            **self._ground.journal.describe(),
            **self._ground.registry.describe(),
            "faults": self._faults.describe(),
            "waiting": self._ground.outbox.waiting,
        }
        return Reply(200, body)

    def messages(self, to: str) -> Reply:
        """WhatsApp messages taken, oldest first."""
        return Reply(200, {"messages": self._ground.journal.list_messages(to)})

    def mails(self) -> Reply:
        """Mails stored, oldest first."""
        mails = [asdict(mail) | {"at": mail.at.isoformat()} for mail in self._ground.journal.mails]
        return Reply(200, {"mails": mails})

    def mail(self, ident: str) -> Reply:
        """One mail as it came in."""
        found = self._ground.journal.find_mail(ident)
        if found is None:
            return _not_found("no such mail")
        return Reply(200, raw=Path(found.path).read_bytes(), content_type="message/rfc822")

    def add_routes(self, body: Mapping[str, Any]) -> Reply:
        """Take lines, accounts and templates; see `Registry.add_routes`."""
        self._ground.registry.add_routes(body)
        return Reply(200, self._ground.registry.describe())

    def add_fault(self, body: Mapping[str, Any]) -> Reply:
        """Order one fault; see `Fault`."""
        self._faults.add(body)
        return Reply(201, {"faults": self._faults.describe()})

    def clear_faults(self) -> Reply:
        """Forget every fault that was ordered."""
        self._faults.clear()
        return Reply(200, {"faults": []})

    def reset(self) -> Reply:
        """Forget what happened and the faults ordered; what is on file stays."""
        self._faults.clear()
        self._ground.journal.forget()
        return Reply(200, {})

    def play(self, body: Mapping[str, Any]) -> Reply:
        """A person writes, taps or switches, when told to.

        `{"channel": "whatsapp", "phone_number_id", "from", "text" | "button": [label, payload] |
        "marketing": bool, "context"}` or `{"channel": "sms", "api_key", "from", "text"}`.
        """
        person = str(body.get("from", ""))
        if body.get("channel") == "sms":
            account = self._ground.registry.find_account(str(body.get("api_key", "")))
            if account is None:
                return _not_found("no such SMS account")
            answers = str(body.get("context", ""))
            ident = self._sms.receive(account, person, str(body.get("text", "")), answers=answers)
            return Reply(201, {"message_id": ident})
        line = self._ground.registry.find_line(str(body.get("phone_number_id", "")))
        if line is None:
            return _not_found("no such line")
        if isinstance(body.get("marketing"), bool):
            self._whatsapp.use_switch(line, person, marketing=body["marketing"])
            return Reply(201, {})
        button = body.get("button")
        ident = self._whatsapp.receive(
            line,
            person,
            text=str(body.get("text", "")),
            button=(str(button[0]), str(button[1])) if button else None,
            context=str(body.get("context", "")),
        )
        return Reply(201, {"message_id": ident})

    def judge_template(self, body: Mapping[str, Any]) -> Reply:
        """Meta pauses, disables, rejects or approves a template: `{waba_id, name, language, status}`."""
        waba_id, name = str(body.get("waba_id", "")), str(body.get("name", ""))
        found = self._ground.registry.find_template(waba_id, name, str(body.get("language", "")))
        if found is None:
            return _not_found("no such template")
        status, reason = str(body.get("status", "")).upper(), str(body.get("reason", "NONE"))
        self._templates.set_standing(replace(found, status=status, reason=reason))
        return Reply(200, {"status": status})


def _not_found(message: str) -> Reply:
    return Reply(404, {"error": {"message": message}})
