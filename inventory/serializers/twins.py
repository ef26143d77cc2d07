"""Shapes of twins at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.contracts.twins import KINDS, Sign
from inventory.models import Twins

KIND_NAMES = [kind.value for kind in KINDS]


class TwinsReason(serializers.Serializer[Any]):
    """One piece of evidence; `value` from 0 to 100 where it has degrees."""

    code = serializers.ChoiceField([str(sign) for sign in Sign])
    value = serializers.IntegerField(allow_null=True)


class TwinsOut(serializers.Serializer[Any]):
    """Two outlets or two SKUs that may be one. While merged, `other` is another name of `kept`."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(KIND_NAMES)
    kept = serializers.CharField(help_text="the one that stays, or is proposed to")
    other = serializers.CharField()
    likeness = serializers.FloatField(help_text="0 to 1; 0 when a person knew of it and no look")
    certain = serializers.BooleanField()
    reasons = TwinsReason(many=True)
    state = serializers.ChoiceField([str(state) for state in Twins.State])
    moved = serializers.DictField(child=serializers.IntegerField(), help_text="what merging moved")
    decidedBy = serializers.CharField(allow_blank=True)
    decidedAt = serializers.DateTimeField(allow_null=True)
    foundAt = serializers.DateTimeField()


class TwinsPage(serializers.Serializer[Any]):
    """Pairs in the order in which they were found."""

    results = TwinsOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


class TwinsMerge(serializers.Serializer[Any]):
    """Which of the two stays; the proposed one when left out."""

    keep = serializers.CharField(max_length=60, required=False)


def twins_out(row: Twins) -> dict[str, Any]:
    """The outside form of a pair."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "kept": row.kept,
        "other": row.other,
        "likeness": row.likeness,
        "certain": row.certain,
        "reasons": [{"code": one["sign"], "value": one["value"]} for one in row.reasons],
        "state": row.state,
        "moved": row.moved,
        "decidedBy": row.decided_by_name,
        "decidedAt": row.decided_at,
        "foundAt": row.found_at,
    }
