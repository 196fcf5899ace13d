"""Where a client sends requests, with which key and limits, and the addresses that the key may go to."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from reverse_etl.errors import ConfigError
from reverse_etl.secret import Secret
from reverse_etl.version import __version__

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOSTS = ("api.iterable.com", "api.eu.iterable.com")
_PLAIN_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?", re.IGNORECASE)


@dataclass(frozen=True)
class ClientConfig:
    """Address, key and limits of a client. `timeout` is the seconds that one attempt may take in total.

    `run` is the id of the invocation, if there is one.
    """

    base_url: str
    api_key: Secret
    timeout: float
    ca_bundle: str | None = None
    proxy: str | None = None
    allow_host: str | None = None
    run: str = ""

    @property
    def user_agent(self) -> str:
        """Return name and version, with the id of the invocation, so that its requests can be found."""
        name = f"reverse-etl/{__version__}"
        return f"{name} (run {self.run})" if self.run else name


def check_client_config(config: ClientConfig) -> None:
    """Raise ConfigError if the key must not go to this address. The error does not show the key."""
    if config.api_key.has_odd_characters():
        raise ConfigError(
            "malformed-key",
            "the API key holds blanks, control characters or letters outside ASCII",
            context={"variable": "ITERABLE_API_KEY"},
            hint="Set ITERABLE_API_KEY again, without a line break at its end.",
        )
    scheme, host = _address(config.base_url)
    sandbox_key = config.api_key.reveal().startswith("sandbox-")
    if host in _LOOPBACK:
        if not sandbox_key:
            raise ConfigError(
                "real-key-to-loopback",
                f"a key that does not begin with `sandbox-` would be sent to {host}",
                context={"host": host, "variables": "ITERABLE_API_KEY, ITERABLE_BASE_URL"},
                hint="Use a key such as `sandbox-anything` for a local Iterable.",
            )
    elif scheme != "https" or host not in (*_HOSTS, (config.allow_host or "").lower() or None):
        raise _not_allowed(f"`{scheme}://{host}`")
    elif sandbox_key:
        raise ConfigError(
            "sandbox-key-to-iterable",
            f"a key that begins with `sandbox-` would be sent to {host}",
            context={"host": host, "variables": "ITERABLE_API_KEY, ITERABLE_BASE_URL"},
            hint="Set ITERABLE_API_KEY to a server-side key of the project, or ITERABLE_BASE_URL to the sandbox.",
        )


def check_bundle(path: str | None) -> None:
    """Raise ConfigError if the file of certificates cannot be used."""
    if path is None:
        return
    try:
        # A folder of hashed certificates is allowed too.
        is_folder = os.path.isdir(path)  # noqa: PTH112  as requests asks it
        ssl.create_default_context(cafile=None if is_folder else path, capath=path if is_folder else None)
    except OSError as error:  # ssl.SSLError is one
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "it holds no PEM certificates"
        raise ConfigError(
            "unusable-ca-bundle",
            f"the certificates in {path} cannot be read: {reason}",
            context={"file": path, "variable": "ITERABLE_CA_BUNDLE, or `ca_bundle` in reverse_etl.yml"},
            hint="Name a PEM file with the certificate of the authority that signed the server's certificate.",
        ) from error


def may_follow(link: str, base_url: str) -> bool:
    """Return whether a link of Iterable may be followed: with TLS, or from one local server to a local server."""
    parts = urlsplit(link)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return (parts.hostname or "") in _LOOPBACK and _address(base_url)[1] in _LOOPBACK


def _address(base_url: str) -> tuple[str, str]:
    """Return scheme and host. An address that two URL parsers could read differently is refused."""
    if not _PLAIN_URL.fullmatch(base_url):
        raise _not_allowed("an address with anything but scheme, host, port and path")
    parts = urlsplit(base_url)
    return parts.scheme.lower(), (parts.hostname or "").lower()


def _not_allowed(what: str) -> ConfigError:
    return ConfigError(
        "host-not-allowed",
        f"an Iterable key must not go to {what}",
        context={"allowed": ", ".join(f"https://{name}" for name in _HOSTS)},
        hint="Set ITERABLE_REGION to us or eu, or ITERABLE_BASE_URL to one of the allowed addresses.",
    )
