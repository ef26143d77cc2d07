"""Setting up far sides and texts; telling the local protocol servers about us."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.db import transaction

from vyapar.messaging.contracts import Channel
from vyapar.messaging.models import ChannelAccount, Template

#: A variable of the DLT registry holds some 30 letters; a value of ours may have 240.
_VARIABLES_A_VALUE = 8


@transaction.atomic
def save_account(
    channel: Channel, *, known: Mapping[str, Any], secrets: Mapping[str, str], sandbox: bool
) -> ChannelAccount:
    """Create or change the account of a channel."""
    account, _ = ChannelAccount.objects.update_or_create(
        channel=channel.value,
        defaults={"settings": dict(known), "secrets": dict(secrets), "sandbox": sandbox, "active": True},
    )
    return account


@transaction.atomic
def save_template(
    name: str,
    channel: Channel,
    language: str,
    *,
    body: str,
    provider_template: str,
    subject: str = "",
    category: str = "MARKETING",
    buttons: Sequence[str] = (),
) -> Template:
    """Create or change a text in one language on one channel."""
    template, _ = Template.objects.update_or_create(
        name=name,
        channel=channel.value,
        language=language,
        defaults={
            "body": body,
            "provider_template": provider_template,
            "subject": subject,
            "category": category,
            "buttons": list(buttons),
        },
    )
    return template


@transaction.atomic
def open_sandbox_accounts(*, slug: str, public_url: str) -> None:
    """Accounts at the local protocol servers, with numbers of the distributor's own and fresh secrets."""
    own = int(hashlib.sha256(slug.encode()).hexdigest()[:10], 16)
    save_account(
        Channel.WHATSAPP,
        known={"phone_number_id": f"1{own:014d}"[:15], "waba_id": f"2{own:014d}"[:15]},
        secrets={name: token_urlsafe(24) for name in ("token", "app_secret", "verify_token")},
        sandbox=True,
    )
    save_account(
        Channel.SMS,
        known={"entity_id": f"11{own:017d}"[:19], "header": "VYAPAR-P"},
        secrets={"api_key": token_urlsafe(24), "callback_secret": token_urlsafe(24)},
        sandbox=True,
    )
    save_account(
        Channel.EMAIL,
        known={"sender": f"offers@{slug}.example", "sender_name": slug.title(), "public_url": public_url},
        secrets={},
        sandbox=True,
    )


def announce_to_sandbox(*, webhook_base: str, host_header: str) -> Path:
    """Put this distributor's sandbox accounts and templates into the sandbox's routes file.

    The file is shared by all distributors of one home and merged under a lock; the sandbox reads it
    again whenever it changes.
    """
    with _routes_file() as (path, kept):
        fresh = _routes(webhook_base, host_header)
        merged = {
            "whatsapp": {**kept.get("whatsapp", {}), **fresh["whatsapp"]},
            "sms": {**kept.get("sms", {}), **fresh["sms"]},
            "dlt": _by_id([*kept.get("dlt", []), *fresh["dlt"]]),
            "templates": {**kept.get("templates", {}), **fresh["templates"]},
        }
        _keep_routes(path, merged)
    return path


def retell_sandbox(before: ChannelAccount, after: ChannelAccount) -> None:
    """Let the local protocol server take an account's new numbers and secrets for its own.

    A real far side knows a new secret because it made it. The server that stands in for it knows only
    what it was told when the house was built: without this a changed secret would end the channel.
    """
    with _routes_file() as (path, kept):
        if after.channel == Channel.WHATSAPP:
            lines = kept.get("whatsapp", {})
            line = lines.pop(before.settings.get("phone_number_id"), None)
            if line is None:
                return
            secrets = {name: after.secrets[name] for name in ("app_secret", "token")}
            lines[after.settings["phone_number_id"]] = {
                **line,
                **secrets,
                "waba_id": after.settings["waba_id"],
            }
            filed = kept.get("templates", {})
            if texts := filed.get(before.settings.get("waba_id")):
                filed[after.settings["waba_id"]] = texts
        elif after.channel == Channel.SMS:
            line = kept.get("sms", {}).pop(before.secrets.get("api_key"), None)
            if line is None:
                return
            entity, header = after.settings["entity_id"], after.settings["header"]
            told = {"entity_id": entity, "headers": [header], "secret": after.secrets["callback_secret"]}
            kept["sms"][after.secrets["api_key"]] = {**line, **told}
            ours = {text.provider_template for text in Template.objects.filter(channel=Channel.SMS)}
            for text in kept.get("dlt", []):
                if text["template_id"] in ours and text["entity_id"] == before.settings["entity_id"]:
                    text |= {"entity_id": entity, "header": header}
        else:
            return
        _keep_routes(path, kept)


@contextmanager
def _routes_file() -> Iterator[tuple[Path, dict[str, Any]]]:
    """The sandbox's routes as they stand, alone under their lock."""
    path = Path(settings.HOME) / "sandbox" / "routes.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / "routes.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path, json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _keep_routes(path: Path, routes: Mapping[str, Any]) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(routes, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(path)


def _routes(webhook_base: str, host_header: str) -> dict[str, Any]:
    accounts = {a.channel: a for a in ChannelAccount.objects.filter(sandbox=True)}
    texts = list(Template.objects.order_by("name", "channel", "language"))
    routes: dict[str, Any] = {"whatsapp": {}, "sms": {}, "dlt": [], "templates": {}}
    whatsapp, sms = accounts.get(Channel.WHATSAPP), accounts.get(Channel.SMS)
    if whatsapp:
        routes["whatsapp"][whatsapp.settings["phone_number_id"]] = {
            "webhook_url": f"{webhook_base}/webhooks/whatsapp",
            "host_header": host_header,
            "app_secret": whatsapp.secrets["app_secret"],
            "token": whatsapp.secrets["token"],
            "waba_id": whatsapp.settings["waba_id"],
        }
        routes["templates"][whatsapp.settings["waba_id"]] = [
            _at_meta(t) for t in texts if t.channel == Channel.WHATSAPP
        ]
    if sms:
        routes["sms"][sms.secrets["api_key"]] = {
            "entity_id": sms.settings["entity_id"],
            "headers": [sms.settings["header"]],
            "callback_url": f"{webhook_base}/webhooks/sms",
            "host_header": host_header,
            "secret": sms.secrets["callback_secret"],
        }
        routes["dlt"] = [
            {
                "template_id": t.provider_template,
                "entity_id": sms.settings["entity_id"],
                "header": sms.settings["header"],
                "category": "promotional",
                "text": _dlt_text(t.body),
            }
            for t in texts
            if t.channel == Channel.SMS
        ]
    return routes


def _by_id(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({(item["entity_id"], item["template_id"]): item for item in items}.values())


def _at_meta(template: Template) -> dict[str, Any]:
    components: list[dict[str, Any]] = [{"type": "BODY", "text": template.body}]
    if template.buttons:
        buttons = [{"type": "QUICK_REPLY", "text": text} for text in template.buttons]
        components.append({"type": "BUTTONS", "buttons": buttons})
    return {
        "name": template.provider_template,
        "language": template.language,
        "category": template.category,
        "components": components,
    }


def _dlt_text(body: str) -> str:
    """The text as it is registered: a variable there holds few letters, so that each value is several."""
    return re.sub(r"{{\d+}}", "{#var#}" * _VARIABLES_A_VALUE, body)
