"""The guard's rules: which web addresses and which IP addresses strangers may send us to."""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import idna

from bot.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Collection

PORTS = {"http": 80, "https": 443}

# What `is_global` of Python 3.11 lets through, and what is nobody's web server.
_REFUSED = tuple(
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
        "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip


def is_public(address: str) -> bool:
    """Whether an IP address is one that strangers may send us to."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return ip.is_global and not any(ip in block for block in _REFUSED if block.version == ip.version)


@lru_cache(maxsize=16_384)  # the same feeds are asked for again and again
def checked_address(address: str) -> str:
    """The address in the form it is fetched; raises `SourceError` for what is no plain web address."""
    address = address.strip()
    try:
        parts = urlsplit(address)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise SourceError(
            f"{address[:200]!r} is no web address.", "address", "Give an address such as https://example.org/feed."
        ) from error
    if parts.scheme not in PORTS or not host:
        raise SourceError(
            f"{address[:200]!r} cannot be fetched: only http and https addresses are.",
            "address",
            "Give an address such as https://example.org/feed.",
        )
    if parts.username or parts.password:
        raise SourceError(
            "Addresses with a user name or password in them are refused.", "address", "Leave the credentials out."
        )
    host = host if host.isascii() else _ascii(host)
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in (None, PORTS[parts.scheme]) else f"{host}:{port}"
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query.rstrip(), "")).strip()


def refuse_private_literal(address: str, allow: Collection[str]) -> None:
    """Raise `SourceError` for a checked address whose host is a private IP address as it stands, or whose port is no web server's.

    No name is resolved here. `allow` holds exact `host:port` pairs that pass. Forms such as 127.1, 0x7f.1 and
    2130706433 are IP addresses to the C library, so they are to us.
    """
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    if f"{host}:{port}" in allow or f"[{host}]:{port}" in allow:
        return
    if port not in PORTS.values():
        raise SourceError(
            f"Port {port} is not fetched.",
            "guard",
            f'The operator can allow it: [fetch] allow = ["{host}:{port}"].',
        )
    try:
        literal = str(ipaddress.ip_address(host))
    except ValueError:
        try:
            literal = socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
        except (OSError, UnicodeError):
            return
    if not is_public(literal):
        raise private_fault(address)


def private_fault(address: str) -> SourceError:
    """What is said of an address that leads to a private one."""
    parts = urlsplit(address)
    port = parts.port or PORTS.get(parts.scheme, 80)
    return SourceError(
        f"{parts.hostname} leads to a private or reserved address, which is not fetched.",
        "guard",
        f'If it is yours, the operator can allow it: [fetch] allow = ["{parts.hostname}:{port}"].',
    )


def _ascii(host: str) -> str:
    """A host in the letters it is asked for by, so that nothing turns it into another one after it was checked (127。0。0。1)."""
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except UnicodeError as error:
        raise SourceError(
            f"{host[:200]!r} is no host name.", "address", "Give an address such as https://example.org/feed."
        ) from error
