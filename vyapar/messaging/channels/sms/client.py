"""Transport to an SMS gateway."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from vyapar.farside.http import HttpFarSide, Timeouts
from vyapar.farside.resilience import RetryPolicy
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.channels.sms import mapping
from vyapar.messaging.contracts import Handed, Outgoing, StatusUpdate


class SmsClient(HttpFarSide):
    """Submits texts under one DLT entity and header.

    `entity_id` is the principal entity id, `header` the registered sender name with its suffix
    (`VYAPAR-P` for offers). The gateway keeps references: the same key is the same message and is
    sent once. With `sandbox` every hand-over is marked simulated.
    """

    def __init__(
        self,
        base_url: str,
        entity_id: str,
        header: str,
        api_key: str,
        *,
        timeout: Timeouts = Timeouts(),
        retry: RetryPolicy = RetryPolicy(),
        sandbox: bool = False,
        proxy: str = "",
    ) -> None:
        if not (entity_id and header and api_key):
            raise Misconfigured(_("SMS needs an entity id, a header and an API key"), code="sms_setup")
        super().__init__(
            mapping.NAME,
            base_url,
            headers={"Authorization": f"Bearer {api_key}"},
            secrets=(api_key,),
            timeouts=timeout,
            retry=retry,
            proxy=proxy,
        )
        self._entity_id = entity_id
        self._header = header
        self._sandbox = sandbox

    def send(self, outgoing: Outgoing) -> Handed:
        """Hand over one text.

        Raises `Invalid` before sending for a text that cannot be written, `Rejected` or
        `Misconfigured` with code `sms_<code>`, `Unavailable` otherwise; after `outcome_unknown`
        ask `find` before anything else.
        """
        body = mapping.to_submit(outgoing, entity_id=self._entity_id, header=self._header)
        handed = self.call("POST", "/sms/v1/submit", mapping.read_handed, body=body)
        return replace(handed, simulated=handed.simulated or self._sandbox)

    def find(self, reference: str) -> StatusUpdate | None:
        """What became of a reference (an `Outgoing.key`); None when it never arrived."""
        path = f"/sms/v1/status/{quote(reference, safe='')}"
        found = self.call("GET", path, mapping.read_found)
        return replace(found, simulated=found.simulated or self._sandbox) if found else None
