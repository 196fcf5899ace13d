"""Removes secrets from every text before it leaves the process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_SHORTEST = 4  # a shorter secret would tear words apart, and is none


class Redactor:
    """Replaces every secret it has learned by asterisks."""

    def __init__(self) -> None:
        """Knows no secret yet."""
        self._secrets: tuple[str, ...] = ()

    def learn(self, secrets: Iterable[str]) -> None:
        """Remember more secrets, and each line of a secret with several lines."""
        lines = {
            line for secret in secrets for line in (secret, *secret.splitlines()) if len(line.strip()) >= _SHORTEST
        }
        # The longest first: one secret may be part of another.
        self._secrets = tuple(sorted({*self._secrets, *lines}, key=lambda text: (-len(text), text)))

    def __call__(self, text: str) -> str:
        """Return the text without any secret."""
        for secret in self._secrets:
            text = text.replace(secret, "****")
        return text

    def values(self, value: object) -> object:
        """Return plain values of JSON without any secret in their texts."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(str(name)): self.values(inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.values(inner) for inner in value]
        return value


def printable(text: object) -> str:
    """Return a text on one line, whose control characters cannot steer a terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in str(text))


def secrets_in(env: Mapping[str, str]) -> list[str]:
    """Return dbt's secret variables, and the API key that a destination takes from the environment."""
    prefixes = ("DBT_ENV_SECRET", "DBT_ENGINE_ENV_SECRET")
    secrets = [value for name, value in env.items() if name.startswith(prefixes)]
    key = env.get("ITERABLE_API_KEY", "")
    # A sandbox's key protects nothing, and the sandbox itself prints it.
    return secrets if key.startswith("sandbox-") else [*secrets, key]
