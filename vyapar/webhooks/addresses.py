"""Where a host leads: its addresses, every one of them allowed, or none is called."""

from __future__ import annotations

from socket import SOCK_STREAM, getaddrinfo
from urllib.parse import SplitResult

from vyapar.kernel.errors import Fault, Invalid
from vyapar.webhooks.rules import forbidden_reason


def resolve(parts: SplitResult, *, sandbox: bool) -> str:
    """One IP address of the host, to be connected to as it is.

    `Invalid` when the host has none, or when any of them may not be called: a name that leads both
    outside and inside is a trap.
    """
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = getaddrinfo(host, port, type=SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _refusal("unknown_host", f"no address is known for {host}", host) from error
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    for address in addresses:
        reason = forbidden_reason(address, sandbox=sandbox)
        if reason:
            raise _refusal("forbidden_address", f"{host} leads to where we do not call: {reason}", host)
    return addresses[0]


def _refusal(code: str, message: str, host: str) -> Invalid:
    return Invalid(message, code=code, faults=[Fault(code, message, "url", value=host[:80])])
