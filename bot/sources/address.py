"""The guard's rules: which web addresses and which IP addresses strangers may send us to."""

from __future__ import annotations

import ipaddress
import unicodedata
from urllib.parse import urlsplit, urlunsplit

from bot.errors import SourceError

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
    if unicodedata.normalize("NFKC", host) != host and not host.isascii():
        host = unicodedata.normalize("NFKC", host)
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in (None, PORTS[parts.scheme]) else f"{host}:{port}"
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
