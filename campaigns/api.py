"""Doors of campaigns: broadcasts by channel, the list, what came of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Campaign
from campaigns.selectors import analytics, get_campaign, list_campaigns, party
from campaigns.serializers import (
    BroadcastIn,
    BroadcastOut,
    CampaignAnalytics,
    CampaignPage,
    analytics_out,
    campaign_out,
)
from inventory.selectors.outlets import Contact, list_contacts
from vyapar.engine.api import read
from vyapar.gateway.views import ApiView, number_page
from vyapar.kernel.digest import sha256_of
from vyapar.kernel.errors import Fault, Invalid, NotFound
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.contracts import CHANNEL_NAMES, Channel
from vyapar.messaging.letters import MARKETING, Letter, count_variables
from vyapar.messaging.models import Template
from vyapar.messaging.selectors import find_template
from vyapar.messaging.services import queue
from vyapar.people.contracts import May

_EXAMPLES = [
    OpenApiExample(
        "an offer to two retailers",
        request_only=True,
        value={
            "template": "clearance_offer",
            "language": "en",
            "parameters": ["Shree Kirana", "30-11-2026", "Glucose biscuits 200 g Rs 16 (MRP Rs 20)"],
            "retailerIds": ["R00017", "R00018"],
            "origin": "november-clearance",
        },
    ),
    OpenApiExample(
        "taken",
        response_only=True,
        status_codes=["202"],
        value={"origin": "broadcast:november-clearance", "queued": 1, "skipped": 1},
    ),
]


class Broadcast(ApiView):
    """Letters to consenting retailers over one channel."""

    needs = May.DECIDE
    channel: Channel

    def post(self, request: Request) -> Response:
        body = read(BroadcastIn, request)
        contacts = _contacts(body["retailerIds"])
        templates = self._templates(body, contacts)
        origin = f"broadcast:{body.get('origin') or self._name(request)}"
        letters = [
            self._letter(contact, templates[body.get("language") or contact.language], origin, body)
            for contact in contacts
        ]
        queued, skipped = queue(letters, actor=self.actor, at=timezone.now())
        return Response({"origin": origin, "queued": queued, "skipped": skipped}, status=202)

    def _name(self, request: Request) -> str:
        """A name made of the caller and its Idempotency-Key: the same call never writes twice.

        The gateway keeps the first answer of such a call, but not if we die before it is kept.
        """
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            message = _(
                "name this broadcast in origin, or send an Idempotency-Key: a repeat must not write twice"
            )
            faults = [Fault("needs_name", message, "origin")]
            raise Invalid(message, code="needs_name", faults=faults)
        return sha256_of([self.actor.ref, key])[:32]

    def _templates(self, body: dict[str, Any], contacts: Sequence[Contact]) -> dict[str, Template]:
        wanted = {body["language"]} if body.get("language") else {c.language for c in contacts}
        found = {language: find_template(body["template"], self.channel, language) for language in wanted}
        known = {language: template for language, template in found.items() if template is not None}
        if len(known) < len(found):
            message = _(
                "no approved template %(template)s for %(channel)s",
                template=f"{body['template']!r}",
                channel=CHANNEL_NAMES[self.channel],
            )
            raise NotFound(message, code="no_such_template")
        for template in known.values():
            count = count_variables(template.body)
            if count != len(body["parameters"]):
                fault = Fault(
                    "parameters", _("this template takes %(count)s parameters", count=count), "parameters"
                )
                raise Invalid(_("the parameters do not fit"), code="bad_parameters", faults=[fault])
        return known

    def _letter(self, contact: Contact, template: Template, origin: str, body: dict[str, Any]) -> Letter:
        address = contact.address(self.channel)
        return Letter(
            key=f"{origin}:{self.channel}:{contact.retailer_id}",
            party=party(contact.retailer_id),
            ways=((self.channel, address),) if address else (),
            template=template.name,
            language=template.language,
            parameters=tuple(body["parameters"]),
            purpose=MARKETING,
            origin=origin,
            buttons=tuple(template.buttons),
        )


def _contacts(ids: Sequence[str]) -> list[Contact]:
    """Active retailers by id, each once; `Invalid` names the rows that are none."""
    known = {contact.retailer_id: contact for contact in list_contacts(ids)}
    faults = [
        Fault("unknown_retailer", _("no active retailer has this id"), "retailerIds", row, value)
        for row, value in enumerate(ids, 1)
        if value not in known
    ]
    if faults:
        raise Invalid(_("some retailers are not known"), code="unknown_retailer", faults=faults)
    return list(known.values())


class WhatsappBroadcast(Broadcast):
    """Messages over WhatsApp."""

    channel = Channel.WHATSAPP

    @extend_schema(
        operation_id="broadcastWhatsapp",
        request=BroadcastIn,
        responses={202: BroadcastOut},
        examples=_EXAMPLES,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class SmsCampaign(Broadcast):
    """Messages over SMS, inside the hours that the regulator leaves open."""

    channel = Channel.SMS

    @extend_schema(
        operation_id="createSmsCampaign",
        request=BroadcastIn,
        responses={202: BroadcastOut},
        examples=_EXAMPLES,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class EmailSend(Broadcast):
    """Messages by e-mail."""

    channel = Channel.EMAIL

    @extend_schema(
        operation_id="sendEmailTemplate",
        request=BroadcastIn,
        responses={202: BroadcastOut},
        examples=_EXAMPLES,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class CampaignList(ApiView):
    """Campaigns with their figures so far."""

    @extend_schema(
        operation_id="listCampaigns",
        parameters=[
            OpenApiParameter("state", str, enum=Campaign.State.values),
            OpenApiParameter("limit", int, description="1 to 1000"),
            OpenApiParameter("cursor", str),
        ],
        responses=CampaignPage,
    )
    def get(self, request: Request) -> Response:
        state = request.query_params.get("state", "")
        if state and state not in Campaign.State.values:
            fault = Fault(
                "bad_query",
                _("one of %(known)s", known=", ".join(Campaign.State.values)),
                "state",
                value=state[:40],
            )
            raise Invalid(_("there is no such state"), code="bad_query", faults=[fault])
        rows = list_campaigns(state).prefetch_related("lines", "outlets")
        return number_page(request, rows, lambda row: campaign_out(row, analytics(row)), down=True)


class CampaignResults(ApiView):
    """What came of one campaign."""

    @extend_schema(operation_id="getCampaignAnalytics", responses=CampaignAnalytics)
    def get(self, request: Request, campaign_id: str) -> Response:
        if "\x00" in campaign_id:
            raise NotFound(_("there is no such campaign"), code="no_such_campaign")
        row = get_campaign(campaign_id)
        return Response(analytics_out(row, analytics(row)))
