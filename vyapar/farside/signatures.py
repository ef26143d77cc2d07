"""Whether a body that comes in by itself is from whom it says: the schemes systems use. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

#: How far a signed instant may be from ours; what is older may be a recording played again.
TOLERANCE_SECONDS = 300

SCHEMES = ("hmac_sha256", "standard_webhooks", "secret_header")


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one sender signs.

    - `hmac_sha256`: HMAC-SHA256 of the raw body in `header`, in hex or base64, with or without
      `sha256=` in front; `id_header` names the sender's id, which then is not signed.
    - `standard_webhooks`: `webhook-id`, `webhook-timestamp`, `webhook-signature` (v1), all signed.
    - `secret_header`: the secret itself in `header`.
    """

    kind: str
    header: str = ""
    id_header: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A body that is from its sender: the id it is known by."""

    event_id: str


def verify(
    scheme: Scheme, body: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], at: datetime
) -> Signed | None:
    """Who the body is, or None when it is not from the holder of one of `secrets`.

    `headers` have lower-case names. More than one secret stands while one is being changed. Empty
    secrets verify nothing. Comparisons take the same time whatever differs.
    """
    live = [secret for secret in secrets if secret]
    check = {"hmac_sha256": _hmac, "standard_webhooks": _standard, "secret_header": _fixed}.get(scheme.kind)
    if check is None:
        return None
    matches = [check(scheme, body, headers, secret, at) for secret in live]  # all are asked
    if not any(matches):
        return None
    id_header = "webhook-id" if scheme.kind == "standard_webhooks" else scheme.id_header.lower()
    given = headers.get(id_header, "").strip() if id_header else ""
    return Signed((given or hashlib.sha256(body).hexdigest())[:200])


def _hmac(scheme: Scheme, body: bytes, headers: Mapping[str, str], secret: str, at: datetime) -> bool:
    given = headers.get(scheme.header.lower(), "").strip().removeprefix("sha256=")
    seal = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    in_hex = _same(given.lower(), seal.hex())
    in_base64 = _same(given, base64.b64encode(seal).decode())
    return in_hex or in_base64


def _standard(scheme: Scheme, body: bytes, headers: Mapping[str, str], secret: str, at: datetime) -> bool:
    name, instant = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not instant.isascii() or not instant.isdigit() or len(instant) > 12:
        return False
    if abs(at.timestamp() - int(instant)) > TOLERANCE_SECONDS:
        return False
    expected = standard_signature(secret, name, int(instant), body)
    found = [_same(one, expected) for one in headers.get("webhook-signature", "").split()]
    return any(found)


def standard_signature(secret: str, name: str, instant: int, body: bytes) -> str:
    """`v1,…` of Standard Webhooks for a body; a secret in its own form is `whsec_` and base64."""
    key = secret.encode()
    if secret.startswith("whsec_"):
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            key = secret.encode()
    seal = hmac.new(key, f"{name}.{instant}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(seal).decode()}"


def _fixed(scheme: Scheme, body: bytes, headers: Mapping[str, str], secret: str, at: datetime) -> bool:
    return _same(headers.get(scheme.header.lower(), "").strip(), secret)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
