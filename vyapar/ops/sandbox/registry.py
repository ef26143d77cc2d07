"""What the far sides keep on file: lines, accounts and templates. Survives a restart."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vyapar.ops.sandbox.settings import Settings


@dataclass(frozen=True, slots=True)
class Line:
    """A WhatsApp business number and where its webhooks go.

    `host_header` replaces the Host of the webhook address, for servers that choose the distributor
    by host name. An empty `token` accepts any bearer token.
    """

    phone_number_id: str
    webhook_url: str = ""
    host_header: str = ""
    app_secret: str = ""
    token: str = ""
    waba_id: str = ""
    display_phone_number: str = "910000000000"

    @property
    def account(self) -> str:
        """The business account; a line without one is its own."""
        return self.waba_id or self.phone_number_id


@dataclass(frozen=True, slots=True)
class SmsAccount:
    """A gateway account. Empty `entity_id` or `headers` accept any; `urls` are allowed hosts."""

    api_key: str
    entity_id: str = ""
    headers: tuple[str, ...] = ()
    callback_url: str = ""
    host_header: str = ""
    secret: str = ""
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DltTemplate:
    """A content template of the DLT registry; `{#var#}` and typed variables stand for 40 places."""

    template_id: str
    entity_id: str
    header: str
    category: str
    text: str

    def matches(self, text: str) -> bool:
        """True when the text is this template with its variables filled, each with 40 letters at most."""
        pattern, end = "", 0
        for run in _VARIABLES.finditer(self.text):  # in a row they are one: apart they try every way to part
            room = 40 * len(_VARIABLE.findall(run.group()))
            pattern += f"{re.escape(self.text[end : run.start()])}.{{0,{room}}}"
            end = run.end()
        return re.fullmatch(pattern + re.escape(self.text[end:]), text, re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class Template:
    """A WhatsApp template under review or in use."""

    id: str
    waba_id: str
    name: str
    language: str
    category: str
    status: str
    components: tuple[Mapping[str, Any], ...]
    reason: str = "NONE"

    @property
    def body(self) -> str:
        return str(self._part("BODY").get("text", ""))

    @property
    def variables(self) -> int:
        """How many different `{{n}}` the body has."""
        return len(set(re.findall(r"{{\s*(\w+)\s*}}", self.body)))

    @property
    def quick_replies(self) -> tuple[str, ...]:
        buttons = self._part("BUTTONS").get("buttons") or []
        return tuple(str(b.get("text", "")) for b in buttons if b.get("type") == "QUICK_REPLY")

    def _part(self, kind: str) -> Mapping[str, Any]:
        found = (p for p in self.components if str(p.get("type", "")).upper() == kind)
        return next(found, {})


def _by_owner(items: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], DltTemplate]:
    return {(item["entity_id"], item["template_id"]): DltTemplate(**item) for item in items}


_PARTS = frozenset({"whatsapp", "sms", "dlt", "templates"})
_VARIABLE = re.compile(r"\{#var#\}|\{?#(?:numeric|url|urlott|cbn|email|alphanumeric)#\}?")
_VARIABLES = re.compile(f"(?:{_VARIABLE.pattern})+")


class Registry:
    """Everything on file, kept in `registry.json` under the sandbox's home.

    What stands in the settings' routes file is taken at start and whenever that file changes, so
    that a line can be announced by writing the file alone.
    """

    def __init__(self, settings: Settings, home: Path) -> None:
        self._settings = settings
        self._file = home / "registry.json"
        self._routes_file = settings.routes or home / "routes.json"
        self._routes_seen = 0
        self._lock = threading.RLock()
        self._lines: dict[str, Line] = {}
        self._accounts: dict[str, SmsAccount] = {}
        self._dlt: dict[tuple[str, str], DltTemplate] = {}
        self._templates: dict[tuple[str, str, str], Template] = {}
        self._load()

    def find_line(self, phone_number_id: str) -> Line | None:
        """The line of a number; without routes, or with a default address, any number has one."""
        self.refresh()
        with self._lock:
            found = self._lines.get(phone_number_id)
            open_door = bool(self._settings.webhook_url) or not self._lines
        if found or not open_door:
            return found
        settings = self._settings
        return Line(
            phone_number_id,
            webhook_url=settings.webhook_url,
            host_header=settings.host_header,
            app_secret=settings.app_secret,
            token=settings.token,
        )

    def lines_of(self, waba_id: str) -> tuple[Line, ...]:
        """The lines of a business account; an account nobody routed is its own line."""
        with self._lock:
            found = tuple(line for line in self._lines.values() if line.account == waba_id)
        own = () if found else (self.find_line(waba_id),)
        return found or tuple(line for line in own if line)

    def find_account(self, api_key: str) -> SmsAccount | None:
        """The SMS account of a key; without accounts on file any key has one."""
        self.refresh()
        with self._lock:
            found = self._accounts.get(api_key)
            open_door = bool(api_key) and not self._accounts
        if found or not open_door:
            return found
        settings = self._settings
        return SmsAccount(
            api_key,
            callback_url=settings.sms_callback_url,
            host_header=settings.host_header,
            secret=settings.app_secret,
        )

    def refresh(self) -> None:
        """Take the routes file again when it has changed; `ValueError` when it cannot be read."""
        with self._lock:
            try:
                changed = self._routes_file.stat().st_mtime_ns
            except FileNotFoundError:
                return
            if changed != self._routes_seen:
                self._routes_seen = changed
                self.add_routes(json.loads(self._routes_file.read_text(encoding="utf-8")))

    def add_routes(self, document: Mapping[str, Any]) -> None:
        """Take lines, accounts and templates; what is named again replaces what was.

        `{"whatsapp": {phone_number_id: {...}}, "sms": {api_key: {...}}, "dlt": [{...}],
        "templates": {waba_id: [{name, language, category, components}]}}`, each part optional; a
        document with none of these names is read as WhatsApp lines alone. Templates given here are
        approved. `ValueError` for unknown fields.
        """
        parts: Mapping[str, Any] = document if _PARTS & set(document) else {"whatsapp": document}
        try:
            lines = {key: Line(key, **fields) for key, fields in parts.get("whatsapp", {}).items()}
            accounts = {key: _account(key, f) for key, f in parts.get("sms", {}).items()}
            dlt = _by_owner(parts.get("dlt", []))
            templates = [
                _approved(waba_id, item)
                for waba_id, items in parts.get("templates", {}).items()
                for item in items
            ]
        except (TypeError, AttributeError, KeyError) as error:
            raise ValueError(f"routes: {error}") from error
        with self._lock:
            self._lines |= lines
            self._accounts |= accounts
            self._dlt |= dlt
            self._templates |= {(t.waba_id, t.name, t.language): t for t in templates}
            self._save()

    def find_dlt(self, entity_id: str, template_id: str) -> DltTemplate | None:
        """A DLT content template of an entity, by its id."""
        with self._lock:
            return self._dlt.get((entity_id, template_id))

    def put_template(self, template: Template) -> None:
        """File a template or its new standing."""
        with self._lock:
            self._templates[(template.waba_id, template.name, template.language)] = template
            self._save()

    def find_template(self, waba_id: str, name: str, language: str) -> Template | None:
        """The template in exactly this language, whatever its standing."""
        with self._lock:
            return self._templates.get((waba_id, name, language))

    def list_templates(self, waba_id: str) -> list[Template]:
        """By order of filing."""
        with self._lock:
            return [t for t in self._templates.values() if t.waba_id == waba_id]

    def describe(self) -> dict[str, Any]:
        """What is on file, secrets left out, for the state page."""
        with self._lock:
            return {
                "lines": [_shown(line) for line in self._lines.values()],
                "sms_accounts": [_shown(account) for account in self._accounts.values()],
                "dlt_templates": [asdict(template) for template in self._dlt.values()],
                "templates": [
                    {"waba_id": t.waba_id, "name": t.name, "language": t.language}
                    | {"category": t.category, "status": t.status}
                    for t in self._templates.values()
                ],
            }

    def _load(self) -> None:
        if not self._file.exists():
            return
        kept = json.loads(self._file.read_text(encoding="utf-8"))
        self._lines = {item["phone_number_id"]: Line(**item) for item in kept["lines"]}
        self._accounts = {item["api_key"]: _kept_account(item) for item in kept["accounts"]}
        self._dlt = _by_owner(kept["dlt"])
        for item in kept["templates"]:
            template = Template(**{**item, "components": tuple(item["components"])})
            self._templates[(template.waba_id, template.name, template.language)] = template

    def _save(self) -> None:
        document = {
            "lines": [asdict(line) for line in self._lines.values()],
            "accounts": [asdict(account) for account in self._accounts.values()],
            "dlt": [asdict(template) for template in self._dlt.values()],
            "templates": [asdict(template) for template in self._templates.values()],
        }
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(self._file)


def template_id(*parts: str) -> str:
    """A number such as the far side gives, always the same for the same template."""
    return str(10**15 + int(hashlib.sha256("/".join(parts).encode()).hexdigest()[:12], 16))


def _approved(waba_id: str, item: Mapping[str, Any]) -> Template:
    return Template(
        id=template_id(waba_id, item["name"], item["language"]),
        waba_id=waba_id,
        name=item["name"],
        language=item["language"],
        category=item["category"].upper(),
        status="APPROVED",
        components=tuple(item["components"]),
    )


def _account(key: str, fields: Mapping[str, Any]) -> SmsAccount:
    account = SmsAccount(key, **fields)
    return replace(account, headers=tuple(account.headers), urls=tuple(account.urls))


def _kept_account(item: Mapping[str, Any]) -> SmsAccount:
    return _account(item["api_key"], {k: v for k, v in item.items() if k != "api_key"})


def _shown(item: Line | SmsAccount) -> dict[str, Any]:
    return dict(_without_secrets(asdict(item)))


def _without_secrets(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        hidden = name in ("token", "app_secret", "secret", "api_key") and value
        yield name, "•••" if hidden else value
