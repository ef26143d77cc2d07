"""Campaigns: started, answered, ended. One verb, one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from campaigns.contracts import (
    CampaignEnded,
    CampaignPayload,
    CampaignTriggered,
    OfferLine,
    read_payload,
)
from campaigns.models import Campaign, CampaignLine, CampaignOutlet
from campaigns.rules import (
    OFFER_BUTTONS,
    OFFER_SUBJECTS,
    OFFER_TEMPLATE,
    OFFER_TEXTS,
    offer_words,
    wanted_pieces,
)
from campaigns.selectors import analytics, origin, party, price_list
from inventory.contracts.offers import OfferAnnounced, OfferedGoods, OfferWithdrawn
from inventory.selectors.outlets import Contact, list_contacts
from inventory.services import queue_export, release
from vyapar.engine.contracts import ActionView
from vyapar.engine.services import emit
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import NotFound, Refused
from vyapar.kernel.phrases import phrase as _
from vyapar.kernel.phrases import phrase as gettext
from vyapar.kernel.phrases import words_of
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import MARKETING, Letter, fill
from vyapar.messaging.services import queue, save_template

#: Longest list of goods in one message: an SMS of three segments carries it.
MOST_WORDS = 220


@transaction.atomic
def start(view: ActionView, *, actor: Actor, at: datetime) -> Campaign:
    """Start a campaign: keep it, hand its letters to the door, tell of it; all or nothing.

    A second call returns the same campaign and sends nothing twice.
    """
    running = Campaign.objects.filter(action_id=view.id).first()
    if running is not None:
        return running
    payload = read_payload(view.payload)
    contacts = list_contacts(payload.targets) if payload.targets else []
    campaign = _keep(view, payload, at)
    letters = [
        _letter(campaign, contact, lines)
        for contact in contacts
        if (lines := [line for line in payload.lines if contact.retailer_id not in line.not_for])
    ]
    if letters:
        queue(letters, actor=actor, at=at)
    queue_export(price_list(campaign), action_id=view.id, actor=actor, at=at)
    emit(
        CampaignTriggered(
            campaign_id=campaign.campaign_id,
            skus=tuple(sorted({line.sku for line in payload.lines})),
            target_retailers=payload.targets,
            discount_percentage=payload.discount_bp / 100,
            channels=payload.channels,
            content=campaign.content,
            start_date=payload.starts_on,
            end_date=payload.ends_on,
        ),
        subject=origin(campaign.campaign_id),
        actor=actor,
        at=at,
        action_id=view.id,
    )
    emit(_offer(payload), subject=origin(campaign.campaign_id), actor=actor, at=at, audited=False)
    return campaign


@transaction.atomic
def end(campaign_id: str, *, actor: Actor, at: datetime, reason: str, stopped: bool = False) -> Campaign:
    """End a campaign: freeze its results, let go of the stock it held, tell of it. Twice is once."""
    campaign = Campaign.objects.select_for_update().filter(campaign_id=campaign_id).first()
    if campaign is None:
        raise NotFound(
            gettext("there is no campaign %(number)s", number=campaign_id), code="no_such_campaign"
        )
    if campaign.state != Campaign.State.RUNNING:
        return campaign
    campaign.ended_at, campaign.end_reason = at, reason
    campaign.words = {**campaign.words, "end_reason": plain(words_of(reason))}
    campaign.state = Campaign.State.STOPPED if stopped else Campaign.State.ENDED
    campaign.results = analytics(campaign)
    campaign.save()
    release(campaign.action_id, actor=actor, at=at)
    usual = price_list(campaign, over_at=at)
    queue_export(usual, action_id=campaign.action_id, actor=actor, at=at)
    emit(
        CampaignEnded(
            campaign.campaign_id,
            reason,
            campaign.results["revenue_paise"],
            campaign.results["pieces"],
            incremental_paise=campaign.results["incremental"]["revenue_paise"],
            measured=campaign.results["incremental"]["status"] == "measured",
        ),
        subject=origin(campaign.campaign_id),
        actor=actor,
        at=at,
        action_id=campaign.action_id,
        reason=reason,
    )
    over = OfferWithdrawn(origin(campaign.campaign_id), ist_day(at))
    emit(over, subject=over.origin, actor=actor, at=at, audited=False)
    return campaign


@transaction.atomic
def note_answer(campaign_id: str, retailer_id: str, text: str, *, at: datetime) -> None:
    """Keep what an outlet answered it wants; the latest number counts."""
    outlet = (
        CampaignOutlet.objects.select_for_update()
        .filter(campaign__campaign_id=campaign_id, retailer_id=retailer_id)
        .first()
    )
    if outlet is None:
        return
    outlet.wants_pieces = wanted_pieces(text) or outlet.wants_pieces
    outlet.answered_at = at
    outlet.save()


def stop(action_id: UUID, *, actor: Actor, at: datetime) -> Campaign:
    """Undo: messages that left cannot be called back, but the offer ends now."""
    campaign = Campaign.objects.filter(action_id=action_id).first()
    if campaign is None:
        raise Refused(_("this campaign never started"), code="cannot_undo")
    return end(campaign.campaign_id, actor=actor, at=at, reason=gettext("stopped by a person"), stopped=True)


def ensure_templates() -> int:
    """Put the offer's texts at the messaging door in every channel and language; safe to repeat."""
    count = 0
    for channel, texts in OFFER_TEXTS.items():
        for language, body in texts.items():
            save_template(
                OFFER_TEMPLATE,
                Channel(channel),
                language,
                body=body,
                provider_template=_provider_name(channel, language),
                subject=OFFER_SUBJECTS[language] if channel == "email" else "",
                buttons=OFFER_BUTTONS[language] if channel == "whatsapp" else (),
            )
            count += 1
    return count


def _provider_name(channel: str, language: str) -> str:
    """Meta knows one name for all languages, the DLT registry one id for each text."""
    if channel == "sms":
        return {"en": "1007000000000000011", "hi": "1007000000000000012"}[language]
    return OFFER_TEMPLATE


# --- parts ---------------------------------------------------------------------------------


def _keep(view: ActionView, payload: CampaignPayload, at: datetime) -> Campaign:
    campaign = Campaign.objects.create(
        campaign_id=payload.campaign_id,
        action_id=view.id,
        action_number=view.number,
        title=view.title,
        words={"title": plain(words_of(view.title))},
        territory=payload.territory,
        category=payload.category,
        discount_bp=payload.discount_bp,
        channels=list(payload.channels),
        content=preview(payload),
        starts_on=payload.starts_on,
        ends_on=payload.ends_on,
        expected_pieces=sum(line.expected_pieces for line in payload.lines),
        expected_revenue_paise=payload.expected_revenue_paise,
        net_paise=view.net_paise,
        started_at=at,
    )
    CampaignLine.objects.bulk_create(
        CampaignLine(campaign=campaign, **{name: getattr(line, name) for name in line.__slots__})
        for line in payload.lines
    )
    arms = [(i, CampaignOutlet.Arm.ASKED) for i in payload.targets]
    arms += [(i, CampaignOutlet.Arm.HELD_OUT) for i in payload.holdout]
    CampaignOutlet.objects.bulk_create(
        CampaignOutlet(campaign=campaign, retailer_id=i, arm=arm) for i, arm in arms
    )
    return campaign


def _offer(payload: CampaignPayload) -> OfferAnnounced:
    """What the forecast is told: each SKU with the pieces of all its batches on offer."""
    pieces: dict[str, int] = {}
    for line in payload.lines:
        pieces[line.sku] = pieces.get(line.sku, 0) + line.quantity
    return OfferAnnounced(
        origin=origin(payload.campaign_id),
        territory=payload.territory,
        discount_bp=payload.discount_bp,
        goods=tuple(OfferedGoods(sku, count) for sku, count in sorted(pieces.items()) if count > 0),
        from_date=payload.starts_on,
        to_date=payload.ends_on,
    )


def preview(payload: CampaignPayload, name: str = "Shree Kirana") -> dict[str, dict[str, str]]:
    """The message as it reads in each language and channel, for a sample outlet."""
    parameters = _parameters(name, payload.ends_on.strftime("%d-%m-%Y"), payload.lines)
    return {
        language: {channel: fill(texts[language], parameters) for channel, texts in OFFER_TEXTS.items()}
        for language in ("en", "hi")
    }


def _letter(campaign: Campaign, contact: Contact, lines: Iterable[OfferLine]) -> Letter:
    language = contact.language if contact.language in ("en", "hi") else "en"
    ways = tuple(
        (Channel(channel), contact.address(channel))
        for channel in contact.channels
        if contact.address(channel)
    )
    return Letter(
        key=f"{campaign.campaign_id}:{contact.retailer_id}",
        party=party(contact.retailer_id),
        ways=ways,
        template=OFFER_TEMPLATE,
        language=language,
        parameters=_parameters(contact.name, campaign.ends_on.strftime("%d-%m-%Y"), tuple(lines)),
        purpose=MARKETING,
        origin=origin(campaign.campaign_id),
        buttons=OFFER_BUTTONS[language],
    )


def _parameters(name: str, until: str, lines: tuple[OfferLine, ...]) -> tuple[str, ...]:
    return (name, until, offer_words(lines, MOST_WORDS))


def finish_due(campaigns: Iterable[Campaign], at: datetime) -> int:
    """End campaigns whose days are over; returns how many."""
    count = 0
    for campaign in campaigns:
        end(campaign.campaign_id, actor=system("clock"), at=at, reason=gettext("its days are over"))
        count += 1
    return count
