"""Which entries of a model apply: entries that are off, or that another version inherited, do not."""

from __future__ import annotations

from dataclasses import dataclass

ENABLED, VERSIONS = "enabled", "versions"
LATEST, ALL = "latest", "all"
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class ModelVersion:
    """The version of a model. `version` and `latest` are empty for a model without versions.

    `latest_is_tagged`: the latest version has an entry, which this one may have inherited.
    """

    version: str = ""
    latest: str = ""
    all_versions: tuple[str, ...] = ()
    latest_is_tagged: bool = True

    @property
    def suffix(self) -> str:
        """Return what the name of a sync ends with, if this is not the latest version."""
        return "" if self.version == self.latest else f".v{self.version}"

    def versioned_name(self, name: str) -> str:
        """Return the name that an entry gives, with the version if several versions of a model inherited the entry."""
        return name + self.suffix if self.latest_is_tagged else name


def read_switch(value: object) -> object:
    """Return true or false, also if dbt's Jinja made a text of it; any other value unchanged."""
    return _WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value


def is_off(entry: object) -> bool:
    """Return whether an entry is switched off: `reverse_etl: false`, or `enabled: false` in it."""
    if isinstance(entry, dict):
        return read_switch(entry.get(ENABLED)) is False
    return read_switch(entry) is False


def read_versions(value: object) -> object:
    """Return `latest`, `all`, or a tuple of versions."""
    if isinstance(value, (list, tuple)):
        return tuple(value)
    return value if value in (LATEST, ALL) else (value,)


def applies_to(entry: object, model: ModelVersion) -> bool:
    """Return whether an entry applies to this version of its model: the latest one, unless it says otherwise."""
    wanted = _wanted(entry)
    if not model.version or not model.latest or wanted == ALL:
        return True
    if isinstance(wanted, tuple):
        return model.version in map(str, wanted)
    return model.version == model.latest or not model.latest_is_tagged


def find_unknown_versions(entry: object, model: ModelVersion) -> list[str]:
    """Return versions that an entry names and the model lacks. They are reported once, at the latest version."""
    wanted = _wanted(entry)
    if not isinstance(wanted, tuple) or model.version != model.latest:
        return []
    return [str(one) for one in wanted if str(one) not in model.all_versions]


def _wanted(entry: object) -> object:
    return read_versions(entry.get(VERSIONS, LATEST)) if isinstance(entry, dict) else LATEST
