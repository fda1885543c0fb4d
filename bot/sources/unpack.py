"""Unpacking what a server sends, with an eye on how much comes out: a few kilobytes can hold gigabytes."""

from __future__ import annotations

import zlib
from typing import Any

from bot.errors import SourceError

MAX_BODY = 10 * 1024 * 1024
MAX_RATIO = 100  # times what came over the wire
FREE = 1024 * 1024  # below this much nobody asks for the ratio
ENCODINGS = "gzip, deflate, br, zstd"


class Unpacker:
    """Takes a body chunk by chunk; raises `SourceError` as soon as it is too large, or packed beyond reason."""

    def __init__(self, encoding: str) -> None:
        self._decoder = _decoder(encoding.strip().lower())
        self._came = 0
        self._body = bytearray()

    def feed(self, chunk: bytes) -> None:
        self._came += len(chunk)
        left = chunk
        while left:
            out, left = self._decoder(left, self._room())
            self._body += out
            if len(self._body) > MAX_BODY:
                raise SourceError(f"The answer is larger than {MAX_BODY // 1024 // 1024} MB.", "too-large")
            if len(self._body) > max(FREE, self._came * MAX_RATIO):
                raise SourceError("The answer is packed far beyond what any feed needs.", "bomb")

    def body(self) -> bytes:
        return bytes(self._body)

    def _room(self) -> int:
        return min(MAX_BODY + 1 - len(self._body), 256 * 1024)


def _decoder(encoding: str) -> Any:
    """`decode(data, most) -> (out, what is left of data)`."""
    if encoding in ("", "identity"):
        return lambda data, most: (data[:most], data[most:])
    if encoding in ("gzip", "x-gzip"):
        return _zlib(zlib.decompressobj(wbits=31))
    if encoding == "deflate":
        return _Deflate()
    if encoding == "br":
        return _brotli()
    if encoding == "zstd":
        return _zstd()
    raise SourceError(f"The answer is packed in a way that is not understood ({encoding[:20]}).", "encoding")


def _zlib(decoder: Any) -> Any:
    def decode(data: bytes, most: int) -> tuple[bytes, bytes]:
        try:
            out = decoder.decompress(data, most)
        except zlib.error as error:
            raise SourceError("The answer is packed wrongly and cannot be read.", "encoding") from error
        return out, b"" if decoder.eof else decoder.unconsumed_tail  # what follows the end is not ours

    return decode


class _Deflate:
    """With the zlib header as the standard says, or without it as many servers do."""

    def __init__(self) -> None:
        self._decode: Any = None

    def __call__(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        if self._decode is None:
            raw = (data[0] & 0x0F) != 8
            self._decode = _zlib(zlib.decompressobj(wbits=-15 if raw else 15))
        out: tuple[bytes, bytes] = self._decode(data, most)
        return out


def _brotli() -> Any:
    import brotli

    decoder = brotli.Decompressor()

    def decode(data: bytes, most: int) -> tuple[bytes, bytes]:
        try:
            out: bytes = decoder.process(b"" if data is _MORE else data, output_buffer_limit=most)
        except brotli.error as error:
            raise SourceError("The answer is packed wrongly and cannot be read.", "encoding") from error
        return out, _MORE if out and not decoder.is_finished() else b""

    return decode


_MORE = b"\x00more"  # the decoder holds back output of what it has been given


def _zstd() -> Any:
    from backports import zstd

    decoder = zstd.ZstdDecompressor()

    def decode(data: bytes, most: int) -> tuple[bytes, bytes]:
        try:
            out: bytes = decoder.decompress(b"" if data is _MORE else data, max_length=most)
        except (zstd.ZstdError, EOFError) as error:
            raise SourceError("The answer is packed wrongly and cannot be read.", "encoding") from error
        return out, b"" if decoder.eof or decoder.needs_input else _MORE

    return decode
