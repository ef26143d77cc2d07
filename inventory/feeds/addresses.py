"""Where feeds may reach: not into our own network, unless whoever runs this house says so."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from inventory.feeds.system import Access
from vyapar.farside.addresses import ForbiddenAddress, resolve
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _


def is_private_allowed(access: Access) -> bool:
    """Whether a feed may reach systems in the office's network and on this machine."""
    return bool(access.sandbox or settings.FEEDS_IN_PRIVATE_NETWORKS)


def check_address(access: Access, url: str) -> str:
    """`url` when a feed may be reached there.

    A distributor's people write addresses of feeds, so none may lead to this house's own services or
    to a cloud's metadata. Systems in the office's network are allowed by `FEEDS_IN_PRIVATE_NETWORKS`
    and in a sandbox, and only they by plain http. Clients judge the name again for every connection
    and connect to the address they judged. Raises `Misconfigured`, `Unavailable` for a name unknown now.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise Misconfigured(
            _("write the feed's address as https://host/path, without user and password"), code="bad_address"
        )
    private = is_private_allowed(access)
    if parts.scheme == "http" and not private:
        raise Misconfigured(
            _(
                "the feed's address begins with https://; systems in the office's own network are reached by "
                "http once whoever runs this installation sets FEEDS_IN_PRIVATE_NETWORKS"
            ),
            code="bad_address",
        )
    try:
        resolve(host, port, private=private)
    except ForbiddenAddress as error:
        raise Misconfigured(
            _("the feed's address may not be called: %(message)s", message=error.message), code="bad_address"
        ) from error
    return url
