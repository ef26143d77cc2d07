"""Transport to the WhatsApp Cloud API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vyapar.farside.answers import Answer, unreadable
from vyapar.farside.http import HttpFarSide, Timeouts
from vyapar.farside.resilience import RetryPolicy
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.channels.whatsapp import mapping
from vyapar.messaging.contracts import Handed, Outgoing, TemplateSpec

_PAGES = 100
_PAGE_SIZE = 100


class WhatsAppClient(HttpFarSide):
    """Sends from one business number.

    `base_url` is the Graph host without version; `version` the Graph version. With `sandbox` every
    hand-over is marked simulated; an answer that says so itself is marked too. The API has no
    idempotency key: store the intent before calling and never repeat after `outcome_unknown`; the
    webhook's `callback_data` tells later whether the message went out.
    """

    def __init__(
        self,
        base_url: str,
        phone_number_id: str,
        token: str,
        *,
        version: str = "v23.0",
        timeout: Timeouts = Timeouts(),
        retry: RetryPolicy = RetryPolicy(),
        sandbox: bool = False,
        proxy: str = "",
    ) -> None:
        if not (phone_number_id and token):
            raise Misconfigured(_("WhatsApp needs a phone number id and a token"), code="whatsapp_setup")
        super().__init__(
            mapping.NAME,
            base_url,
            headers={"Authorization": f"Bearer {token}"},
            secrets=(token,),
            timeouts=timeout,
            retry=retry,
            proxy=proxy,
        )
        self._messages = f"/{version}/{phone_number_id}/messages"
        self._version = version
        self._sandbox = sandbox

    def send_template(self, outgoing: Outgoing) -> Handed:
        """Hand over one template message.

        Raises `Invalid` before sending for a message that cannot be written, `Rejected` or
        `Misconfigured` with code `whatsapp_<code>`, `Unavailable` (see `NotNow`) otherwise.
        """
        return self._send(mapping.to_template_message(outgoing))

    def send_text(self, outgoing: Outgoing) -> Handed:
        """Hand over free text; outside the 24-hour window it fails later with 131047."""
        return self._send(mapping.to_text_message(outgoing))

    def create_template(self, account_id: str, spec: TemplateSpec) -> TemplateSpec:
        """Submit a template for review; returns it with its id, status and final category."""

        def read(answer: Answer) -> TemplateSpec:
            if not answer.is_success:
                raise mapping.failure(answer)
            if not answer.payload.get("id"):
                raise unreadable(mapping.NAME)
            return replace(
                spec,
                provider_id=str(answer.payload["id"]),
                status=str(answer.payload.get("status", "")),
                category=str(answer.payload.get("category") or spec.category),
            )

        return self.call("POST", self._templates(account_id), read, body=mapping.to_template(spec))

    def list_templates(self, account_id: str) -> tuple[TemplateSpec, ...]:
        """Every template of a business account, in its own order."""
        found: list[TemplateSpec] = []
        after = ""
        for _page in range(_PAGES):
            page = self._template_page(account_id, after)
            found += [mapping.read_template(record) for record in page.get("data") or []]
            paging = page.get("paging") or {}
            after = str((paging.get("cursors") or {}).get("after") or "")
            if not (after and paging.get("next")):
                break
        return tuple(found)

    def _template_page(self, account_id: str, after: str) -> dict[str, Any]:
        def read(answer: Answer) -> dict[str, Any]:
            if not answer.is_success:
                raise mapping.failure(answer)
            return dict(answer.payload)

        params = {"limit": str(_PAGE_SIZE), **({"after": after} if after else {})}
        return self.call("GET", self._templates(account_id), read, params=params)

    def _templates(self, account_id: str) -> str:
        return f"/{self._version}/{account_id}/message_templates"

    def _send(self, body: dict[str, Any]) -> Handed:
        handed = self.call("POST", self._messages, mapping.read_handed, body=body)
        return replace(handed, simulated=handed.simulated or self._sandbox)
