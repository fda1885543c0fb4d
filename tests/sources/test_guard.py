from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from bot.errors import SourceError
from bot.sources.address import PORTS, checked_address, is_public, refuse_private_literal
from bot.sources.fetch import Fetcher

PRIVATE = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.1.2.3", "169.254.169.254", "172.16.0.1", "192.0.0.8", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:db8::1", "2002:7f00:1::", "fc00::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "151.101.1.164", "2606:4700::1111", "2a00:1450:4001::200e"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://a.example/",
        "gopher://a.example/",
        "javascript:alert(1)",
        "//a.example",
        "a.example",
        "http://",
        "https://user:pw@a.example/",
        "http://[::1",
        "",
    ],
)
def test_what_is_no_plain_web_address_is_refused(address: str) -> None:
    with pytest.raises(SourceError):
        checked_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/", "http://127.1/", "http://0177.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://0x7f000001/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://１２７.０.０.１/", "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/", "http://127｡0｡0｡1/", "http://127.0.0.\u200b1/", "http://127.0.0.\u00ad1/",
        "http://localhost/",
        "http://169.254.169.254/latest/meta-data/", "http://8.8.8.8:22/",
    ],
)  # fmt: skip
async def test_no_form_of_a_private_address_is_connected_to(address: str) -> None:
    fetcher = Fetcher((), timedelta(seconds=2))
    try:
        with pytest.raises(SourceError) as caught:
            await fetcher.get(address)
        assert caught.value.error_class == "guard"
    finally:
        await fetcher.close()


async def test_no_spelling_of_loopback_reaches_a_listener() -> None:
    """The address is checked in the very letters that are connected to."""
    reached: list[object] = []

    def answer(reader: object, writer: asyncio.StreamWriter) -> None:
        reached.append(reader)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fetcher = Fetcher((), timedelta(seconds=2))
    hosts = ["127。0。0。1", "１２７．０．０．１", "127.0.0.\u200b1", "127.0.0.1.", "loc\u00adalhost", "0x7f。1"]
    with monkeypatched_ports(port):
        for host in hosts:
            with pytest.raises(SourceError):
                await fetcher.get(f"http://{host}:{port}/")
    await fetcher.close()
    server.close()
    assert reached == []


@contextmanager
def monkeypatched_ports(port: int) -> Iterator[None]:
    """Let the port of a test's own listener pass as a web server's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PORTS, "test", port)
        yield


@pytest.mark.parametrize(
    ("address", "allow", "refused"),
    [
        ("http://127.0.0.1/", (), True),
        ("http://127.0.0.1./", (), True),
        ("http://127.1:8080/", ("127.1:8080",), False),
        ("http://127.0.0.1:8080/", ("127.0.0.1:8081",), True),
        ("http://[::1]/", ("[::1]:80",), False),
        ("http://[fe80::1]/", (), True),
        ("https://example.org:8443/", (), True),
        ("https://example.org/", (), False),
        ("http://8.8.8.8/", (), False),
    ],
)
def test_a_literal_is_judged_without_asking_anybody(address: str, allow: tuple[str, ...], refused: bool) -> None:
    if refused:
        with pytest.raises(SourceError) as caught:
            refuse_private_literal(checked_address(address), allow)
        assert caught.value.error_class == "guard"
        assert "[fetch] allow" in caught.value.next_step
    else:
        refuse_private_literal(checked_address(address), allow)


def test_a_name_in_other_letters_is_asked_for_as_it_is_registered() -> None:
    assert checked_address("https://straße.example/ü") == "https://xn--strae-oqa.example/ü"
    with pytest.raises(SourceError, match="no host name"):
        checked_address("https://ü..example/")
