"""Where an endpoint's host leads: its addresses, every one of them allowed, or none is called."""

from __future__ import annotations

from urllib.parse import SplitResult

from vyapar.farside import addresses
from vyapar.farside.addresses import ForbiddenAddress, UnknownHost
from vyapar.kernel.errors import Fault, Invalid


def resolve(parts: SplitResult, *, sandbox: bool) -> str:
    """One IP address of the host, to be connected to as it is; a sandbox may call this machine too.

    `Invalid` when the host has none, or when any of them may not be called.
    """
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        return addresses.resolve(host, port, private=sandbox)
    except (UnknownHost, ForbiddenAddress) as error:
        fault = Fault(error.code, error.message, "url", value=host[:80])
        raise Invalid(error.message, code=error.code, faults=[fault]) from error
