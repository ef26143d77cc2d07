"""Shapes of the spine at the API, for reading input and for the API's own description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from vyapar.engine.contracts import Mode, Weight
from vyapar.engine.models import Action, Event
from vyapar.engine.wire import outward
from vyapar.gateway.speech import say
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.money import rupees
from vyapar.kernel.phrases import again
from vyapar.kernel.quality import DataQuality


class PlaceQualityOut(serializers.Serializer[Any]):
    """How good the data of one place are."""

    kind = serializers.ChoiceField(["location", "territory"])
    code = serializers.CharField()
    name = serializers.CharField()
    grade = serializers.ChoiceField(["A", "B", "C", "D", "E"])
    marks = serializers.FloatField(help_text="0 to 100")


class DoubtOut(serializers.Serializer[Any]):
    """Why agents do not act alone on these data now, and what to do about it."""

    code = serializers.CharField(help_text="feed_stale, feed_half_loaded or quality_low")
    message = serializers.CharField()
    fix = serializers.CharField(allow_blank=True)


class DataQualityOut(serializers.Serializer[Any]):
    """How good the data are that an action rests on, as they stand now."""

    grade = serializers.CharField(allow_null=True, help_text="A to E: of the worst of its places; or null")
    fresh = serializers.BooleanField(help_text="no feed it rests on is stale or half-loaded")
    places = PlaceQualityOut(many=True)
    doubts = DoubtOut(many=True)


class ActionOut(serializers.Serializer[Any]):
    """An action as an ERP or a person reads it."""

    actionId = serializers.UUIDField()
    number = serializers.IntegerField()
    kind = serializers.CharField()
    subject = serializers.CharField()
    status = serializers.ChoiceField([status.value for status in Status])
    version = serializers.IntegerField(help_text="send it back when deciding: `version`")
    title = serializers.CharField()
    reason = serializers.CharField()
    payload = serializers.JSONField()
    value = serializers.CharField(help_text="rupees at stake, decimal string")
    netValue = serializers.CharField(help_text="expected net rupees, decimal string")
    quantity = serializers.IntegerField()
    discountPercentage = serializers.FloatField()
    confidence = serializers.FloatField()
    urgencyScore = serializers.FloatField()
    evidence = serializers.JSONField()
    alternatives = serializers.JSONField()
    findings = serializers.JSONField()
    agent = serializers.CharField()
    proposedAt = serializers.DateTimeField()
    expiresAt = serializers.DateTimeField()
    decidedBy = serializers.CharField(allow_blank=True)
    decidedAt = serializers.DateTimeField(allow_null=True)
    undoUntil = serializers.DateTimeField(allow_null=True)
    receipt = serializers.JSONField(allow_null=True)
    dataQuality = DataQualityOut(allow_null=True, help_text="null once the action is closed")
    updatedAt = serializers.DateTimeField()


def quality_out(quality: DataQuality) -> dict[str, Any]:
    """The outside form of what an action's data are worth."""
    return {
        "grade": quality.grade or None,
        "fresh": quality.is_fresh,
        "places": [outward(one) for one in quality.places],
        "doubts": [
            {"code": one.code, "message": say(one.message), "fix": say(one.fix)} for one in quality.doubts
        ],
    }


def _wordless(kept: Mapping[str, Any]) -> dict[str, Any]:
    """A finding or receipt without what its sentences were made of: that is for pages."""
    return {
        name: _wordless(value) if name == "undone" else value
        for name, value in kept.items()
        if name not in ("words", "fix_words")
    }


def _told(kept: Mapping[str, Any]) -> dict[str, Any]:
    """A kept finding in the caller's language."""
    pairs = (("message", "words"), ("fix", "fix_words"))
    said = {name: say(again(kept[name], kept.get(words))) for name, words in pairs if name in kept}
    return _wordless({**kept, **said})


def _said(action: Action, name: str) -> str:
    """A text of an action in the caller's language; old ones, kept without words, as they stand."""
    return say(again(getattr(action, name), action.words.get(name)))


def action_out(action: Action, quality: DataQuality | None = None) -> dict[str, Any]:
    """The outside form of an action, with how good its data are, where that was asked."""
    return {
        "actionId": str(action.pk),
        "number": action.number,
        "kind": action.kind,
        "subject": action.subject,
        "status": action.status,
        "version": action.version,
        "title": _said(action, "title"),
        "reason": _said(action, "reason"),
        "payload": outward(action.payload),
        "value": rupees(action.value_paise),
        "netValue": rupees(action.net_paise),
        "quantity": action.quantity,
        "discountPercentage": action.discount_bp / 100,
        "confidence": action.confidence,
        "urgencyScore": action.urgency,
        "evidence": outward(action.evidence),
        "alternatives": outward(action.alternatives),
        "findings": outward([_told(one) for one in action.findings]),
        "agent": action.agent,
        "proposedAt": action.proposed_at,
        "expiresAt": action.expires_at,
        "decidedBy": action.decided_by,
        "decidedAt": action.decided_at,
        "undoUntil": action.undo_until,
        "receipt": outward(_wordless(action.receipt)) if action.receipt else None,
        "dataQuality": quality_out(quality) if quality else None,
        "updatedAt": action.updated_at,
    }


class ActionPage(serializers.Serializer[Any]):
    """A page of actions; `nextCursor` is null on the last one."""

    results = ActionOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


class TransitionOut(serializers.Serializer[Any]):
    """One step in an action's life."""

    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    target = serializers.CharField()
    actor = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class ActionDetail(ActionOut):
    """An action with its life and its decision record."""

    transitions = TransitionOut(many=True)
    record = serializers.JSONField(allow_null=True)


class DecisionIn(serializers.Serializer[Any]):
    """An answer to a proposal."""

    version = serializers.IntegerField(
        required=False, help_text="the version you looked at; 409 when it moved"
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class RejectIn(serializers.Serializer[Any]):
    """A rejection; the reason teaches the agent."""

    version = serializers.IntegerField(required=False)
    reason = serializers.CharField(max_length=2000)


class EditIn(serializers.Serializer[Any]):
    """Changes to a proposal, and whether to keep them or only to see their effect."""

    version = serializers.IntegerField(required=False)
    changes = serializers.DictField(child=serializers.JSONField())
    preview = serializers.BooleanField(default=False, help_text="recalculate only; nothing is written")


class AskIn(serializers.Serializer[Any]):
    """A question or answer."""

    text = serializers.CharField(max_length=4000)


class EventOut(serializers.Serializer[Any]):
    """An event in its envelope; the payload's own fields stand beside the envelope's."""

    sequence = serializers.IntegerField()
    eventId = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    timestamp = serializers.DateTimeField()
    distributorId = serializers.CharField()
    subject = serializers.CharField()
    actor = serializers.CharField()


def event_out(event: Event, distributor_id: str) -> dict[str, Any]:
    """The outside form of an event."""
    return {
        **event.payload,
        "sequence": event.pk,
        "eventId": str(event.event_id),
        "name": event.name,
        "version": event.version,
        "timestamp": event.at,
        "distributorId": distributor_id,
        "subject": event.subject,
        "actor": event.actor_ref,
    }


class EventPage(serializers.Serializer[Any]):
    """Events in order; go on with `after=nextAfter`."""

    results = EventOut(many=True)
    nextAfter = serializers.IntegerField()


class RulesOut(serializers.Serializer[Any]):
    """Business rules of every agent, with versions."""

    distributorId = serializers.CharField()
    businessRules = serializers.JSONField(
        help_text="deadStockThreshold, expiryHorizonDays, reallocationRadius…"
    )
    versions = serializers.DictField(child=serializers.IntegerField())


class RulesIn(serializers.Serializer[Any]):
    """Changes to one agent's rules from a day on."""

    agent = serializers.CharField(max_length=40)
    changes = serializers.DictField(child=serializers.JSONField())
    effectiveDate = serializers.DateField(required=False)
    reason = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


class TrailIn(serializers.Serializer[Any]):
    """Something an outside system did and wants kept."""

    verb = serializers.RegexField(r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")
    subject = serializers.CharField(max_length=200)
    detail = serializers.DictField(child=serializers.JSONField(), required=False, default=dict)
    reason = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


class TrailOut(serializers.Serializer[Any]):
    """One link of the trail."""

    sequence = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    verb = serializers.CharField()
    subject = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    detail = serializers.JSONField()
    previousSeal = serializers.CharField()
    seal = serializers.CharField()


class TrailPage(serializers.Serializer[Any]):
    """The trail in order."""

    results = TrailOut(many=True)
    nextAfter = serializers.IntegerField()


class HaltIn(serializers.Serializer[Any]):
    """Which kind to stop or let go on; empty means everything."""

    kind = serializers.CharField(required=False, default="", allow_blank=True, max_length=40)
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


class HaltOut(serializers.Serializer[Any]):
    """Stop buttons that are pulled now."""

    halted = serializers.ListField(child=serializers.CharField(allow_blank=True))


class LackOut(serializers.Serializer[Any]):
    """Something that is missing before going live, and what to do about it."""

    code = serializers.CharField()
    severity = serializers.ChoiceField([str(weight) for weight in Weight])
    title = serializers.CharField()
    message = serializers.CharField()
    fix = serializers.CharField()
    count = serializers.IntegerField(min_value=1)
    examples = serializers.ListField(child=serializers.CharField(), max_length=5)
    link = serializers.CharField(allow_blank=True, help_text="path of the page where it is mended")


class ReadinessOut(serializers.Serializer[Any]):
    """Whether agents propose, whether nothing stands in the way of it, and all that is missing."""

    live = serializers.BooleanField()
    ready = serializers.BooleanField(help_text="no blocker stands")
    modes = serializers.DictField(
        child=serializers.ChoiceField([str(mode) for mode in Mode]), help_text="by action kind"
    )
    missing = LackOut(many=True)


class LiveIn(serializers.Serializer[Any]):
    """Why, for the trail."""

    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)
