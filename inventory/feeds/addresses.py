"""Where feeds may reach: not into our own network, unless whoever runs this house says so."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from django.conf import settings

from inventory.feeds.system import Access
from vyapar.kernel.errors import Misconfigured, Unavailable
from vyapar.webhooks.rules import forbidden_reason


def check_address(access: Access, url: str) -> str:
    """`url` when a feed may be reached there.

    A distributor's people write addresses of feeds, so none may lead to this house's own services or
    to a cloud's metadata. Systems in the office's network are allowed by `FEEDS_IN_PRIVATE_NETWORKS`
    and in a sandbox. The name is asked for at every call; a name server that changes its mind between
    this and the connection is not caught. Raises `Misconfigured`, `Unavailable` for a name unknown now.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise Misconfigured(
            "write the feed's address as https://host/path, without user and password", code="bad_address"
        )
    private = access.sandbox or settings.FEEDS_IN_PRIVATE_NETWORKS
    if parts.scheme == "http" and not private:
        raise Misconfigured("the feed's address begins with https://", code="bad_address")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(f"the name {host} is not known now", code="unknown_host") from error
    for *_facts, address in found:
        if reason := forbidden_reason(str(address[0]), sandbox=private):
            raise Misconfigured(f"the feed's address may not be called: {reason}", code="bad_address")
    return url
