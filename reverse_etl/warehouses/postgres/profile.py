"""Reads dbt-postgres's profile as a connection. Opens none.

Names, aliases and defaults: docs.getdbt.com, "Postgres setup".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reverse_etl.errors import ConfigError
from reverse_etl.warehouses.postgres.quoting import name

# libpq's name, and the names in a profile, dbt's own name first.
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "host": ("host",),
    "port": ("port",),
    "user": ("user",),
    "password": ("password", "pass"),
    "dbname": ("dbname", "database"),
    "sslmode": ("sslmode",),
    "sslcert": ("sslcert",),
    "sslkey": ("sslkey",),
    "sslrootcert": ("sslrootcert",),
    "sslpassword": ("sslpassword",),
    "connect_timeout": ("connect_timeout",),
    "keepalives_idle": ("keepalives_idle",),
    "application_name": ("application_name",),
}
_REQUIRED = ("host", "user", "dbname")
# The drivers read texts as UTF-8, even if PGCLIENTENCODING or the role's settings differ.
_DEFAULTS: Mapping[str, str] = {
    "port": "5432",
    "connect_timeout": "10",
    "application_name": "reverse-etl",
    "client_encoding": "UTF8",
}


@dataclass(frozen=True)
class ProfileOptions:
    """How to connect. `options` are libpq's, with secrets; `retries` follow a failed first try."""

    options: Mapping[str, str] = field(repr=False)
    role: str = ""
    search_path: str = ""
    retries: int = 1

    @property
    def public_facts(self) -> dict[str, object]:
        """The place that this leads to, without secrets."""
        return {key: self.options[key] for key in ("host", "port", "dbname", "user") if key in self.options}

    @property
    def conninfo(self) -> str:
        """All options as libpq's connection string, with secrets."""
        quoted = {key: text.replace("\\", "\\\\").replace("'", "\\'") for key, text in self.options.items()}
        return " ".join(f"{key}='{text}'" for key, text in quoted.items())

    @property
    def grantee(self) -> str:
        """The role whose rights count, as an identifier."""
        return name(self.role or self.options["user"])


def read_options(fields: Mapping[str, object]) -> ProfileOptions:
    """Return the options from the profile's fields. Raises ConfigError if a field is missing."""
    options = dict(_DEFAULTS)
    for option, spellings in _FIELDS.items():
        said = next((fields[spelling] for spelling in spellings if fields.get(spelling) not in (None, "")), None)
        # dbt's 0 seconds of idleness mean the system's default.
        if said is not None and not (option == "keepalives_idle" and str(said) == "0"):
            options[option] = str(said)
    missing = [option for option in _REQUIRED if option not in options]
    if missing:
        raise ConfigError(
            "incomplete-profile",
            f"the dbt target is Postgres, but its profile has no `{missing[0]}`",
            context={"missing": ", ".join(missing)},
            hint="Add it to the target in profiles.yml; `dbt debug` checks the rest.",
        )
    return ProfileOptions(options, _name(fields.get("role")), str(fields.get("search_path") or ""), _count(fields))


def _name(said: object) -> str:
    """Return a role as an identifier. Like dbt's `SET ROLE`, it is folded to lower case unless it is quoted."""
    text = str(said or "").strip()
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].replace('""', '"') if quoted else text.lower()


def _count(fields: Mapping[str, object]) -> int:
    said = fields.get("retries", 1)
    return int(said) if isinstance(said, (int, str)) and str(said).isdigit() else 1
