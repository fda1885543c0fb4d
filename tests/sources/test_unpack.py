"""Every packing comes out whole, chunked anyhow; what would grow beyond reason is stopped while it grows."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SourceError
from bot.sources.unpack import MAX_BODY, Unpacker

PACKINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "": bytes,
    "identity": bytes,
}


def unpacked(encoding: str, packed: bytes, step: int) -> bytes:
    unpacker = Unpacker(encoding)
    for at in range(0, len(packed), step):
        unpacker.feed(packed[at : at + step])
    return unpacker.body()


@given(st.sampled_from(sorted(PACKINGS)), st.binary(max_size=3000), st.integers(1, 400), st.integers(1, 300))
def test_what_goes_in_comes_out(encoding: str, body: bytes, times: int, step: int) -> None:
    body = (body * times)[:900_000]
    packed = PACKINGS[encoding](body)
    assert unpacked(encoding, packed, step if len(packed) < 20_000 else 4096) == body


def test_deflate_without_its_header_is_read_too() -> None:
    assert unpacked("deflate", zlib.compress(b"<rss/>" * 50)[2:-4], 7) == b"<rss/>" * 50


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_stopped_while_it_grows(encoding: str) -> None:
    bomb = PACKINGS[encoding](bytes(200_000_000))
    with pytest.raises(SourceError) as caught:
        unpacked(encoding, bomb, 65_536)
    assert caught.value.error_class in ("bomb", "too-large")


def test_an_endless_plain_body_is_stopped() -> None:
    unpacker = Unpacker("")
    for _ in range(MAX_BODY // 65_536):
        unpacker.feed(b"x" * 65_536)
    with pytest.raises(SourceError, match="larger than 10 MB"):
        unpacker.feed(b"x")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "lzma", "gzip, br"])
def test_what_cannot_be_unpacked_is_a_sentence(encoding: str) -> None:
    with pytest.raises(SourceError):
        unpacked(encoding, b"this is not packed at all" * 40, 100)
