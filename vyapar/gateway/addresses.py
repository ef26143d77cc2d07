"""Where a call comes from, and which networks that lies in."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings


def client_address(request: Any) -> str:
    """The caller's address. Behind `PROXIES` proxies of ours the one that the outermost of them saw."""
    near = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.PROXIES:
        return near
    hops = [
        hop.strip() for hop in str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",") if hop.strip()
    ]
    return hops[-settings.PROXIES] if len(hops) >= settings.PROXIES else near


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of some networks; an address that cannot be read lies in none."""
    try:
        where = ip_address(address)
    except ValueError:
        return False
    return any(where in ip_network(network) for network in networks)


def network_of(address: str) -> str:
    """The address without its host part (/24, /48): enough to see where from, not who."""
    try:
        where = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((where, 24 if where.version == 4 else 48), strict=False))
