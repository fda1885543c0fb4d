from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import SourceError
from bot.sources.address import checked_address, is_public
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
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://１２７.０.０.１/", "http://①②⑦.⓪.⓪.①/", "http://localhost/",
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
