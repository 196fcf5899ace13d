"""Reads private keys of a profile for the connector. No part of a key is ever printed."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from reverse_etl.errors import ConfigError

_BLOCK = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n%s-----END ENCRYPTED PRIVATE KEY-----\n"


def inline_key(text: str) -> bytes:
    """Return a key of the profile, which is PEM, or base64 of DER."""
    if text.lstrip().startswith("-"):
        return text.strip().encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise _unreadable("`private_key`", "it is neither PEM nor base64") from None


def key_in(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(str(path), error.strerror or "it cannot be read") from None


def decoded(key: bytes, password: bytes | None, place: str) -> bytes:
    """Return the key for the connector: DER of PKCS #8, not encrypted."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    load = serialization.load_pem_private_key if key.startswith(b"-") else serialization.load_der_private_key
    try:
        loaded: Any = load(key, password=password)
    # The library's own message may hold parts of the key.
    except (ValueError, TypeError, UnsupportedAlgorithm):
        loaded = _by_openssl(key, password)
    if loaded is None:
        reason = (
            "its passphrase is missing or wrong, or it is no private key that can be read" if key else "it is empty"
        )
        raise _unreadable(place, reason) from None
    written: bytes = loaded.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return written


def _by_openssl(key: bytes, password: bytes | None) -> Any:
    """Read encodings that only OpenSSL supports, through connector 4's pyOpenSSL; otherwise return None."""
    try:
        from OpenSSL import crypto  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    pem = key if key.startswith(b"-") else _BLOCK % base64.encodebytes(key)
    try:
        # An empty passphrase prevents a question at the terminal.
        return crypto.load_privatekey(crypto.FILETYPE_PEM, pem, password or b"").to_cryptography_key()
    except Exception:  # noqa: BLE001  # errors of several libraries, and none must be shown
        return None


def _unreadable(place: str, reason: str) -> ConfigError:
    return ConfigError(
        "private-key-unreadable",
        "the private key of the dbt target could not be read",
        context={"key": place, "reason": reason},
        hint="Give a PEM file in `private_key_path`, or PEM or base64 of DER in `private_key`, with its passphrase;"
        " `openssl pkcs8 -topk8 -v2 aes256` encrypts an old key again.",
    )
