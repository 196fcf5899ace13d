"""What identifies a user: the form of e-mails and userIds, and what each project type does with them. Holds no user."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reverse_etl.sandbox.options import ProjectType

MAX_USER_ID_CHARACTERS: Final = 52

_USER_ID = re.compile(rf"[ -~]{{0,{MAX_USER_ID_CHARACTERS - 1}}}[!-~]")
# Commons EmailValidator, which Iterable names: dotted atoms or one quoted string before the @.
_ATOM = r"[^\s\x00-\x1f\x7f()<>@,;:\\\".\[\]]+"
_LOCAL_PART = re.compile(rf'(?:{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\\x00-\x1f]|\\.)*")')
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+([A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9])")
# The validator knows the registered top-level domains; these are the ones that never will be.
_UNKNOWN_DOMAINS = {
    "corp",
    "example",
    "home",
    "internal",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "test",
}


@dataclass(frozen=True)
class IdentityRules:
    """The two facts in which project types differ; a userId can be used to look a user up in every type."""

    email_unique: bool
    user_id_unique: bool

    @property
    def list_field(self) -> str:
        """The profile field that holds the ids of a user's lists."""
        return "userListIds" if self.user_id_unique else "emailListIds"


RULES: Final[Mapping[ProjectType, IdentityRules]] = {
    "email": IdentityRules(email_unique=True, user_id_unique=False),
    "user_id": IdentityRules(email_unique=False, user_id_unique=True),
    "hybrid": IdentityRules(email_unique=True, user_id_unique=True),
}


def valid_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    if not at or not 0 < len(local) <= 64 or not _LOCAL_PART.fullmatch(local):
        return False
    found = _DOMAIN.fullmatch(_ascii(domain))
    return found is not None and len(domain) <= 253 and found[1].lower() not in _UNKNOWN_DOMAINS


def valid_user_id(text: str) -> bool:
    return _USER_ID.fullmatch(text) is not None


def placeholder_email(user_id: str, number: int) -> str:
    """The address that an e-mail project gives a user who has only a userId."""
    name = re.sub(r"[^a-z0-9._-]+|^\.+|\.+$|\.(?=\.)", "-", user_id.lower())
    return f"{name}{number:06d}@placeholder.email"


def forgotten_hash(identifier: str) -> str:
    """How Iterable lists forgotten users: hex SHA-256 of the trimmed, lower-cased identifier."""
    return hashlib.sha256(identifier.strip().lower().encode()).hexdigest()


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return ""
