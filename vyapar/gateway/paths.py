"""Which addresses belong to the API: there, every answer is for machines."""

from __future__ import annotations

import re

_OURS = re.compile(r"^/(?:api|audit|gst|whatsapp|sms|email|reports|oauth)/|^/campaigns/[^/]+/analytics$")
#: Pages about the API that people open in a browser.
_PAGES = frozenset({"/api/docs"})


def is_api(path: str) -> bool:
    """Whether an address is the API's, known or not."""
    return bool(_OURS.match(path)) and path not in _PAGES
