"""Which addresses of the network may be called, and connections that go where it was judged."""

from __future__ import annotations

import ipaddress
from socket import SOCK_STREAM, getaddrinfo

import httpx

from vyapar.kernel.errors import Misconfigured, Unavailable
from vyapar.kernel.phrases import phrase as _

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Where a cloud tells its machines their secrets, outside of the link-local addresses.
_METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254")})
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenAddress(Misconfigured):
    """A name leads to where nothing of ours may call."""


class UnknownHost(Unavailable):
    """No address is known for a name now."""


def forbidden_reason(text: str, *, private: bool) -> str:
    """Why an IP address may not be called; empty when it may.

    Only addresses of the public internet may, so that nobody reaches our own services, or a cloud's
    metadata, through us. With `private` this machine and private networks may too, but never link-local
    addresses: real metadata services live there. IPv6 forms that carry an IPv4 address are judged by
    that address.
    """
    address = _inner(ipaddress.ip_address(text.partition("%")[0]))
    if address.is_unspecified or address.is_multicast or address.is_link_local or address.is_reserved:
        return _("%(address)s is not the address of one system outside", address=str(address))
    if address in _METADATA:
        return _("%(address)s is where a cloud keeps secrets", address=str(address))
    if address.is_global or (private and (address.is_loopback or address.is_private)):
        return ""
    return _("%(address)s is inside a private network", address=str(address))


def resolve(host: str, port: int, *, private: bool) -> str:
    """One IP address of a host, to be connected to as it is.

    Raises `UnknownHost` when it has none, and `ForbiddenAddress` when any of them may not be called: a
    name that leads both outside and inside is a trap.
    """
    try:
        found = getaddrinfo(host, port, type=SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHost(_("no address is known for %(host)s", host=host), code="unknown_host") from error
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    for address in addresses:
        if reason := forbidden_reason(address, private=private):
            message = _("%(host)s leads to where we do not call: %(reason)s", host=host, reason=reason)
            raise ForbiddenAddress(message, code="forbidden_address")
    return addresses[0]


class JudgedTransport(httpx.BaseTransport):
    """Asks for the host of every request anew, judges it, and connects to that very address.

    A name server that changes its mind in between changes nothing. Certificates are checked against
    the name.
    """

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._plain = httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises what `resolve` raises, and what httpx does."""
        url = request.url
        address = resolve(url.host, url.port or (443 if url.scheme == "https" else 80), private=self._private)
        judged = httpx.Request(
            request.method,
            url.copy_with(host=address),
            headers=request.headers,  # its Host names the host as it was asked for
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": url.host},
        )
        return self._plain.handle_request(judged)

    def close(self) -> None:
        self._plain.close()


def _inner(address: _Address) -> _Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
