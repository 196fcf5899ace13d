"""Retries of the sign-in: which errors, how often and after how long; as in dbt-snowflake.

A wrong password is not tried twice, since that would count twice towards a locked user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# The server's own failures, by their names in connector 4. Connector 5 uses OperationalError, and warns if these names
# are used.
_FAILURES = (
    "InternalError",
    "InternalServerError",
    "ServiceUnavailableError",
    "GatewayTimeoutError",
    "RequestTimeoutError",
    "BadGatewayError",
    "OtherHTTPRetryableError",
    "BindUploadError",
)
_LOST = "OperationalError"
# Methods that ask a person, who may not have answered yet.
_ASKING = ("externalbrowser", "username_password_mfa", "oauth_authorization_code")


@dataclass(frozen=True)
class Trying:
    """`times` counts retries. `pause` is the seconds between two; None: longer each time."""

    times: int
    pause: int | None
    names: tuple[str, ...]

    def again(self, error: Exception) -> bool:
        """Return whether another try can succeed."""
        return any(kind.__name__ in self.names for kind in type(error).__mro__)

    def seconds(self, number: int) -> int:
        """Return the seconds before retry `number`, counted from 1."""
        return number * number if self.pause is None else self.pause


def asks_somebody(said: Mapping[str, object]) -> bool:
    """Return whether the sign-in waits for a person."""
    return str(said.get("authenticator", "")).lower() in _ASKING


def trying_of(said: Mapping[str, object], times: int, pause: int | None) -> Trying:
    """Return the retries that the fields of a profile choose."""
    if said.get("retry_all") is True:
        return Trying(times, pause, ("Error",))
    names = (*_FAILURES, "DatabaseError") if said.get("retry_on_database_errors") is True else _FAILURES
    return Trying(times, pause, names if asks_somebody(said) else (*names, _LOST))
