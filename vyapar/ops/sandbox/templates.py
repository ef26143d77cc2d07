"""The WhatsApp Cloud API's desk for message templates: submission, review, list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vyapar.ops.sandbox.ground import Ground
from vyapar.ops.sandbox.registry import Template, template_id
from vyapar.ops.sandbox.replies import Reply, graph_error
from vyapar.ops.sandbox.whatsapp import refuse_token, target_of

_CATEGORIES = frozenset({"MARKETING", "UTILITY", "AUTHENTICATION"})
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_VARIABLE_AT_THE_EDGE = re.compile(r"^\s*{{|}}[\s.,!?]*$")
_VARIABLES_SIDE_BY_SIDE = re.compile(r"}}\s*{{")
#: Words that make a message an offer, whatever it was submitted as.
_OFFER = re.compile(r"(?i)\b(offer|discount|sale|clearance|scheme|off)\b|छूट|ऑफर|स्कीम|सेल")


class TemplateDesk:
    """Files templates, reviews them as Meta does, and tells the line about it."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def create(self, waba_id: str, token: str, body: Mapping[str, Any]) -> Reply:
        """`POST /{version}/{waba}/message_templates`.

        A price offer submitted as utility is re-filed as marketing. Without a review time the
        template is approved or rejected at once.
        """
        refusal = self._refuse_account(waba_id, token) or _refuse_form(body)
        if refusal:
            return refusal
        name, language = str(body["name"]), str(body["language"])
        if self._ground.registry.find_template(waba_id, name, language):
            return graph_error(100, "Content in this language already exists", subcode=2388024)
        template = Template(
            id=template_id(waba_id, name, language),
            waba_id=waba_id,
            name=name,
            language=language,
            category=str(body["category"]).upper(),
            status="PENDING",
            components=tuple(body["components"]),
        )
        if template.category == "UTILITY" and _OFFER.search(template.body):
            template = replace(template, category="MARKETING")
        seconds = self._ground.settings.approval_seconds
        if seconds:
            self._ground.registry.put_template(template)
            self._ground.outbox.later(seconds, lambda: self.set_standing(_reviewed(template)))
        else:
            template = _reviewed(template)
            self._ground.registry.put_template(template)
        shown = {"id": template.id, "status": template.status, "category": template.category}
        return Reply(200, shown)

    def list_page(self, waba_id: str, token: str, params: Mapping[str, str]) -> Reply:
        """`GET /{version}/{waba}/message_templates`, by `limit` and `after`."""
        refusal = self._refuse_account(waba_id, token)
        if refusal:
            return refusal
        limit = int(params["limit"]) if params.get("limit", "").isdigit() else 25
        start = int(params["after"]) if params.get("after", "").isdigit() else 0
        filed = self._ground.registry.list_templates(waba_id)
        if params.get("name"):
            filed = [t for t in filed if t.name == params["name"]]
        page = filed[start : start + limit]
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + len(page))}}
        if start + limit < len(filed):
            paging["next"] = f"/message_templates?after={start + len(page)}&limit={limit}"
        return Reply(200, {"data": [_shown(t) for t in page], "paging": paging})

    def set_standing(self, template: Template) -> None:
        """File a template's new standing and send the webhook about it."""
        self._ground.registry.put_template(template)
        value = {
            "event": template.status,
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": template.language,
            "message_template_category": template.category,
            "reason": template.reason,
        }
        change = {"field": "message_template_status_update", "value": value}
        for line in self._ground.registry.lines_of(template.waba_id)[:1]:
            self._ground.outbox.post(target_of(line), change)

    def _refuse_account(self, waba_id: str, token: str) -> Reply | None:
        lines = self._ground.registry.lines_of(waba_id)
        refusals = [refuse_token(line, waba_id, token) for line in lines]
        if not lines:
            return refuse_token(None, waba_id, token)
        return None if None in refusals else refusals[0]


def _refuse_form(body: Mapping[str, Any]) -> Reply | None:
    """What Meta refuses at once, as an invalid parameter."""
    for field in ("name", "language", "category", "components"):
        if not body.get(field):
            return graph_error(100, f"The parameter {field} is required.")
    if not _NAME.fullmatch(str(body["name"])):
        return graph_error(100, "name: lower case letters, digits and underscores only")
    if str(body["category"]).upper() not in _CATEGORIES:
        return graph_error(100, f"category must be one of {sorted(_CATEGORIES)}")
    return _refuse_body(body["components"])


def _refuse_body(components: Any) -> Reply | None:
    parts = components if isinstance(components, list) else []
    found = [p for p in parts if isinstance(p, Mapping) and str(p.get("type", "")).upper() == "BODY"]
    text = str(found[0].get("text", "")) if found else ""
    if not text or len(text) > 1024:
        return graph_error(100, "a BODY of at most 1024 characters is required")
    variables = re.findall(r"{{\s*(\w+)\s*}}", text)
    if sorted(set(variables), key=str) != sorted(str(n + 1) for n in range(len(set(variables)))):
        return graph_error(100, "variables must be numbered {{1}}, {{2}} without gaps")
    if _VARIABLE_AT_THE_EDGE.search(text):
        said = "Variables can't be at the start or end of the template."
        return graph_error(100, said, subcode=2388299)
    example = (found[0].get("example") or {}).get("body_text") or [[]]
    if len(example[0]) != len(set(variables)):
        return graph_error(100, "an example for every variable is required", subcode=2388043)
    return None


def _reviewed(template: Template) -> Template:
    if _VARIABLES_SIDE_BY_SIDE.search(template.body):
        return replace(template, status="REJECTED", reason="INVALID_FORMAT")
    return replace(template, status="APPROVED")


def _shown(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "status": template.status,
        "rejected_reason": template.reason,
        "components": list(template.components),
    }
