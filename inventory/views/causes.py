"""Why batches lie where they lie, as pages say it."""

from __future__ import annotations

from typing import Any

from inventory.selectors.foreseen import list_position_outlooks
from inventory.serializers.risk_words import cause_label, cause_words

#: Batches of a SKU that are looked through.
_MOST = 200


def cause_rows(sku: str, *, territory: str = "", batch: str = "") -> list[dict[str, Any]]:
    """The cause of each batch of a SKU, in a territory or of one number where given, most rupees first."""
    places = (territory,) if territory else ()
    return [
        {
            "batch": one.position.batch.number,
            "location": one.position.location.code,
            "cause": cause_label(one.cause),
            "confidence": one.confidence,
            "words": cause_words(one.cause, one.evidence, one.behind, one.second),
        }
        for one in list_position_outlooks(skus=(sku,), territories=places, limit=_MOST)
        if batch in ("", one.position.batch.number)
    ]
