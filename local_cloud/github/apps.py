"""GitHub Apps: their signatures, installations and tokens.

Signatures are judged by another library than the one that makes them, and as strictly as GitHub:
https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local_cloud.github.catalogue import Catalogue, Repository

LONGEST_SECONDS = 600
_KEY_BITS = 2048


@dataclass
class Installation:
    """An App at an account. ``selected`` are full names; None means all repositories."""

    id: int
    account: str
    permissions: Mapping[str, str] = field(
        default_factory=lambda: {"contents": "read", "metadata": "read"}
    )
    selected: frozenset[str] | None = None
    suspended: bool = False

    def lists(self, repository: Repository) -> bool:
        """Whether the App can see this repository of its account."""
        if repository.owner.lower() != self.account.lower():
            return False
        return self.selected is None or repository.full_name in self.selected

    def reads(self, repository: Repository) -> bool:
        """Whether the App may fetch it. Everybody may fetch a public repository."""
        return not repository.private or (self.lists(repository) and "contents" in self.permissions)

    def document(self) -> dict[str, Any]:
        """The API's JSON object."""
        return {
            "id": self.id,
            "account": {"login": self.account},
            "permissions": dict(self.permissions),
            "repository_selection": "all" if self.selected is None else "selected",
            "suspended_at": "2026-11-01T00:00:00Z" if self.suspended else None,
        }


def new_key() -> rsa.RSAPrivateKey:
    """A private key for an App. Generating it takes a tenth of a second."""
    return rsa.generate_private_key(65537, _KEY_BITS)


@dataclass
class Apps:
    """One App, its installations and its tokens.

    New tokens are valid for ``token_seconds`` seconds and ``token_uses`` requests (None: any
    number). ``made`` counts the tokens.
    """

    app: str = ""
    installations: dict[str, Installation] = field(default_factory=dict)
    token_seconds: float = 3600.0
    token_uses: int | None = None
    made: int = 0
    now: Callable[[], float] = time.time
    _key: rsa.RSAPublicKey | None = None
    _tokens: dict[str, tuple[Installation, float]] = field(default_factory=dict)
    _uses_left: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def create(self, app: str = "4711", key: rsa.RSAPrivateKey | None = None) -> str:
        """Create the App, with a new key unless one is given.

        Returns its private key in PEM, as GitHub offers it for download.
        """
        key = key or new_key()
        self.app, self._key = app, key.public_key()
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    def install(self, account: str, **fields: Any) -> Installation:
        """Install the App at an account."""
        made = Installation(100 + len(self.installations), account, **fields)
        self.installations[account.lower()] = made
        return made

    def use(self, token: str) -> Installation | None:
        """The installation of a token that is valid for another request; None if it is not."""
        with self._lock:
            found = self._tokens.get(token)
            if not found or self.now() >= found[1]:
                return None
            left = self._uses_left.get(token, 1)
            if left < 1:
                return None
            if token in self._uses_left:
                self._uses_left[token] = left - 1
            return found[0]

    def believes(self, token: str) -> bool:
        """Whether this is a currently valid signature of the App."""
        try:
            signed, _, signature = token.rpartition(".")
            head, claims = (json.loads(_decoded(part)) for part in signed.split("."))
            if self._key is None or head["alg"] != "RS256" or str(claims["iss"]) != self.app:
                return False
            self._key.verify(
                _decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            now = self.now()
            within = now < claims["exp"] <= now + LONGEST_SECONDS
            return within and int(claims["iat"]) <= now
        except (ValueError, KeyError, TypeError, InvalidSignature):
            return False

    def answer(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        """The answer to a request of the App itself: a status and a JSON document."""
        match (method, *path.strip("/").split("/")):
            case ("GET", "users" | "orgs", account, "installation"):
                found = self.installations.get(account.lower())
                if found:
                    return 200, found.document()
            case ("POST", "app", "installations", number, "access_tokens"):
                for each in self.installations.values():
                    if str(each.id) == number and not each.suspended:
                        return 201, self._make(each)
            case _:
                pass
        return 404, {"message": "Not Found"}

    def listed(self, catalogue: Catalogue, installation: Installation) -> list[Repository]:
        """The repositories of an installation, by id."""
        found = [r for r in catalogue.repositories.values() if installation.lists(r)]
        return sorted(found, key=lambda repository: repository.id)

    def _make(self, installation: Installation) -> dict[str, Any]:
        token = f"ghs_{secrets.token_hex(20)}"
        ends = self.now() + self.token_seconds
        with self._lock:
            self._tokens[token] = (installation, ends)
            if self.token_uses is not None:
                self._uses_left[token] = self.token_uses
            self.made += 1
        ends_at = datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        document = installation.document()
        return {
            "token": token,
            "expires_at": ends_at,
            "permissions": document["permissions"],
            "repository_selection": document["repository_selection"],
        }


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
