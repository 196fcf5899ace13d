"""What identifies a user: the form of e-mails and userIds, and how each project type uses them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

ProjectType = Literal["email", "user_id", "hybrid"]

MAX_USER_ID_CHARACTERS: Final = 52

_USER_ID = re.compile(rf"[ -~]{{0,{MAX_USER_ID_CHARACTERS - 1}}}[!-~]")
# As in Apache Commons EmailValidator, which Iterable names: dotted atoms or one quoted string before the @.
_ATOM = r"[^\s\x00-\x1f\x7f()<>@,;:\\\".\[\]]+"
_LOCAL_PART = re.compile(rf'(?:{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\\x00-\x1f]|\\.)*")')
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+([A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9])")
# The validator knows all registered top-level domains. These will never be registered.
_RESERVED_DOMAINS = {
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
    """Which identifiers are unique in a project type. In every type a user can be looked up by userId."""

    email_unique: bool
    user_id_unique: bool

    @property
    def list_field(self) -> str:
        """Return the name of the profile field that holds the ids of a user's lists."""
        return "userListIds" if self.user_id_unique else "emailListIds"


IDENTITY_RULES: Final[Mapping[ProjectType, IdentityRules]] = {
    "email": IdentityRules(email_unique=True, user_id_unique=False),
    "user_id": IdentityRules(email_unique=False, user_id_unique=True),
    "hybrid": IdentityRules(email_unique=True, user_id_unique=True),
}


def is_valid_email(text: str) -> bool:
    """Return whether Iterable accepts this as an e-mail address."""
    local, at, domain = text.rpartition("@")
    if not at or not 0 < len(local) <= 64 or not _LOCAL_PART.fullmatch(local):
        return False
    match = _DOMAIN.fullmatch(_encode_domain(domain))
    return match is not None and len(domain) <= 253 and match[1].lower() not in _RESERVED_DOMAINS


def is_valid_user_id(text: str) -> bool:
    """Return whether Iterable accepts this as a userId."""
    return _USER_ID.fullmatch(text) is not None


def make_placeholder_email(user_id: str, number: int) -> str:
    """Return the address that an e-mail project gives a user who has only a userId."""
    name = re.sub(r"[^a-z0-9._-]+|^\.+|\.+$|\.(?=\.)", "-", user_id.lower())
    return f"{name}{number:06d}@placeholder.email"


def hash_identifier(identifier: str) -> str:
    """Return the hash by which Iterable lists forgotten users: hex SHA-256 of the trimmed, lower-cased identifier."""
    return hashlib.sha256(identifier.strip().lower().encode()).hexdigest()


def _encode_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return ""
