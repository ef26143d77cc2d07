"""What of an address may be kept: values of known, harmless parameters; of others their names. Pure."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

#: Parameters whose values say what was asked for and nothing about anybody.
HARMLESS = frozenset(
    {
        "after", "cursor", "feed", "form", "format", "from", "kind", "limit", "location", "name", "order",
        "page", "part", "period", "quantity", "since", "sku", "source", "sourceTerritory", "state", "status",
        "targetTerritory", "territory", "to", "until", "updated_since", "verb", "version",
    }
)  # fmt: skip

#: What looks like one of our keys or tokens, wherever it stands.
_SECRET = re.compile(r"v[st]_[0-9A-Za-z_-]{8,}")


def mask_query(text: str) -> str:
    """A query string with every value that is not known to be harmless replaced by `***`."""
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=None)
    kept = [
        (mask_text(name)[:40], mask_text(value)[:80] if name in HARMLESS else "***") for name, value in pairs
    ]
    return urlencode(kept, safe="*:,/")


def mask_text(text: str) -> str:
    """A text without our keys and tokens, and without what no row can hold."""
    return _SECRET.sub("***", text.replace("\x00", ""))
