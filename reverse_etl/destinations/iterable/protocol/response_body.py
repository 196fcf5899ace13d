"""The body of a response, in memory or written to a file, up to a largest size."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

LARGEST_REPLY = 10_000_000  # bytes of a body in memory, also once it is decompressed
# Bytes of a body in a file, also once it is decompressed. A list of 50 million e-mails is smaller.
LARGEST_DOWNLOAD = 4_000_000_000
_GZIP_OR_ZLIB = 47  # zlib's number for: find out from the first bytes which of the two it is
_PIECE = 65_536


class RawResponse(Protocol):
    """A response whose body was not read yet."""

    @property
    def raw(self) -> Any: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


def read_body(response: RawResponse) -> bytes:
    """Return the body, or nothing if it is too large or cannot be decompressed: such a reply is unreadable."""
    content = bytearray()
    for piece in response.raw.stream(_PIECE, decode_content=False):
        content += piece
        if len(content) > LARGEST_REPLY:
            response.raw.close()
            return b""
    return _decompress(bytes(content), _get_encoding(response))


def write_body(response: RawResponse, write: Callable[[bytes], object]) -> bool:
    """Write the body, decompressed, piece by piece. Return whether all of it was written."""
    length, encoding = response.headers.get("Content-Length", ""), _get_encoding(response)
    decoder = None if encoding == "identity" else zlib.decompressobj(_GZIP_OR_ZLIB)
    received = written = 0
    try:
        for piece in response.raw.stream(_PIECE, decode_content=False):
            received += len(piece)
            for part in (piece,) if decoder is None else _decompress_piece(decoder, piece):
                written += len(part)
                if written > LARGEST_DOWNLOAD:
                    return False
                write(part)
    except zlib.error:
        return False
    is_whole = not length.isdecimal() or int(length) == received
    return is_whole and (decoder is None or decoder.eof)


def _get_encoding(response: RawResponse) -> str:
    return response.headers.get("Content-Encoding", "").strip().lower() or "identity"


def _decompress_piece(decoder: Any, piece: bytes) -> Iterator[bytes]:
    """Yield the plain bytes of a piece, a little at a time: a few kilobytes can hold gigabytes."""
    while piece:
        yield decoder.decompress(piece, _PIECE)
        piece = decoder.unconsumed_tail


def _decompress(content: bytes, encoding: str) -> bytes:
    """Return the decompressed body, up to a limit: a few kilobytes can hold gigabytes."""
    if encoding == "identity":
        return content
    if encoding not in ("gzip", "deflate"):
        return b""
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = decoder.decompress(content, LARGEST_REPLY + 1)
    except zlib.error:
        return b""
    return plain if decoder.eof and len(plain) <= LARGEST_REPLY else b""
