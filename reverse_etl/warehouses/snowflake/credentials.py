"""Turns a profile's sign-in into arguments of the connector: password, key, browser, OAuth, workload identity.

The methods and their fields are dbt-snowflake's. Nothing here connects to the warehouse, and no secret is printed.
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from reverse_etl.errors import ConfigError, WarehouseError
from reverse_etl.warehouses.snowflake.private_keys import decoded, inline_key, key_in

# Returns the connector's arguments when they are needed, since some methods request a token.
SignIn = Callable[[], Mapping[str, object]]

_CLIENT = ("oauth_client_id", "oauth_client_secret", "oauth_token_request_url", "oauth_scope")
_FLOW = (
    "oauth_authorization_url",
    "oauth_redirect_uri",
    "oauth_disable_pkce",
    "oauth_enable_refresh_token",
    "oauth_enable_single_use_refresh_tokens",
)
_WORKLOAD = ("workload_identity_provider", "workload_identity_entra_resource", "token")
# Methods with fields of their own, and which of these fields are required.
_FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "OAUTH_AUTHORIZATION_CODE": ((*_CLIENT, *_FLOW), ()),
    "OAUTH_CLIENT_CREDENTIALS": (_CLIENT, ("oauth_client_id", "oauth_client_secret")),
    "WORKLOAD_IDENTITY": (_WORKLOAD, ("workload_identity_provider",)),
    "PROGRAMMATIC_ACCESS_TOKEN": (("token",), ("token",)),
}
# Like dbt, keep the tokens of a browser or of a second factor in the system's keyring.
_CACHED = {"client_store_temporary_credential": True, "client_request_mfa_token": True}
_TOKEN_SECONDS = 30


def sign_in(said: Mapping[str, object], working_dir: Path) -> SignIn:
    """Return the sign-in method that the fields choose. Raises ConfigError if the fields do not fit together."""
    way = str(said.get("authenticator", "")).strip()
    if "private_key" in said and "private_key_path" in said:
        raise _contradiction("`private_key` and `private_key_path`", "Keep one of them.")
    if way.lower() in ("oauth", "jwt"):
        return _by_token(said, renewed=way.lower() == "oauth")
    if way.upper() in _FIELDS:
        return _by_fields(said, way.upper())
    for name in ("token", "oauth_client_id", "oauth_client_secret"):
        if name in said:
            raise _contradiction(f"`{name}` without an `authenticator` that uses it", "Set `authenticator: oauth`.")
    _needs(said, "user", way or "a password or a key")
    if "private_key" in said or "private_key_path" in said:
        return _by_key(said, working_dir)
    return _by_password(said, way)


def _by_fields(said: Mapping[str, object], way: str) -> SignIn:
    """Return the fields under their own names, for methods that the connector handles itself."""
    names, required = _FIELDS[way]
    for name in required:
        _needs(said, name, way)
    cached = _CACHED if way.startswith("OAUTH") else {}
    return _fixed({"authenticator": way, **{name: said[name] for name in names if name in said}, **cached})


def _by_password(said: Mapping[str, object], way: str) -> SignIn:
    """Also methods that need more than the password: a second factor, Okta, or only a browser."""
    if way.lower() == "externalbrowser":
        return _fixed({"authenticator": "externalbrowser", **_CACHED})
    _needs(said, "password", way or "a password")
    chosen = {"authenticator": way, **_CACHED} if way else {}
    return _fixed({"password": str(said["password"]), **chosen})


def _fixed(arguments: Mapping[str, object]) -> SignIn:
    return lambda: arguments


def _by_token(said: Mapping[str, object], *, renewed: bool) -> SignIn:
    """Sign in with a token. With a client, it is a refresh token, and each connection requests an access token."""
    _needs(said, "token", "OAuth")
    client = [name for name in ("oauth_client_id", "oauth_client_secret") if name in said]
    if len(client) == 1:
        raise _contradiction(f"`{client[0]}` without the other half of the client", "Give both of them, or neither.")
    if renewed and client:
        return lambda: {"authenticator": "oauth", "token": _access_token(said)}
    return _fixed({"authenticator": "oauth", "token": str(said["token"])})


def _by_key(said: Mapping[str, object], working_dir: Path) -> SignIn:
    passphrase = said.get("private_key_passphrase")
    password = None if passphrase is None else str(passphrase).encode()
    if "private_key" in said:
        key = str(said["private_key"])
        return lambda: _with_key(decoded(inline_key(key), password, "`private_key`"))
    path = (working_dir / Path(str(said["private_key_path"])).expanduser()).resolve()
    return lambda: _with_key(decoded(key_in(path), password, str(path)))


def _with_key(key: bytes) -> dict[str, object]:
    return {"authenticator": "SNOWFLAKE_JWT", "private_key": key}


def _access_token(said: Mapping[str, object]) -> str:
    """Return a new access token for the refresh token, from the account's own endpoint, as dbt does."""
    host = said.get("host") or f"{said['account']}.snowflakecomputing.com"
    port = f":{said['port']}" if "port" in said else ""
    url = f"{said.get('protocol', 'https')}://{host}{port}/oauth/token-request"
    client = base64.b64encode(f"{said['oauth_client_id']}:{said['oauth_client_secret']}".encode()).decode()
    form = {"grant_type": "refresh_token", "refresh_token": str(said["token"]), "redirect_uri": "http://localhost:9999"}
    request = urllib.request.Request(  # noqa: S310  # the account's address
        url, urllib.parse.urlencode(form).encode(), {"Authorization": f"Basic {client}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_TOKEN_SECONDS) as reply:  # noqa: S310  # the account's address
            return str(json.load(reply)["access_token"])
    except (OSError, ValueError, KeyError) as error:
        raise WarehouseError(
            "token-not-renewed",
            "Snowflake returned no access token for the refresh token of the profile",
            context={"address": url, "reason": getattr(error, "reason", None) or type(error).__name__},
            hint="Sign in with your OAuth client again and put the new refresh token into the profile's `token`.",
        ) from None


def _needs(said: Mapping[str, object], name: str, way: str) -> None:
    if name not in said:
        raise ConfigError(
            "incomplete-profile",
            f"the dbt target signs in to Snowflake by {way}, but its profile has no `{name}`",
            context={"missing": name},
            hint="Add it to the target in profiles.yml; `dbt debug` checks the rest.",
        )


def _contradiction(found: str, hint: str) -> ConfigError:
    return ConfigError(
        "contradicting-profile",
        "the profile of the dbt target must have exactly one way to sign in to Snowflake",
        context={"found": found},
        hint=hint,
    )
