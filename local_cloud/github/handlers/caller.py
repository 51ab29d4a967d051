"""Identifies the user of a request by its credentials, and what this user may read."""

import base64
import contextlib

from local_cloud.github.apps import Installation
from local_cloud.github.catalogue import Repository
from local_cloud.github.handlers.hub import Hub
from local_cloud.github.handlers.wire import Wire
from local_cloud.github.rights import EVERYBODY, TokenRights


class CallerHandler(Wire):
    """The part of a handler that checks credentials."""

    hub: Hub

    def begin_caller(self) -> None:
        """Start a request whose credentials are not known yet."""
        self._grant: Installation | None = None
        self._rights = EVERYBODY
        self._token = ""

    def _offered(self) -> list[str]:
        """The texts in the request that may be its token."""
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return []
        offered = [credentials]
        if scheme.lower() == "basic":
            # GitHub takes a token for the password, and for the user's name.
            with contextlib.suppress(ValueError):
                offered = base64.b64decode(credentials).decode().split(":")
        return offered

    def _viewer(self) -> tuple[str | None, bool]:
        """The login behind the request's token, and whether its credentials are acceptable."""
        offered = self._offered()
        if not offered:
            return None, True
        apps = self.hub.apps
        self._grant = next((grant for each in offered if (grant := apps.use(each))), None)
        if self._grant:
            self._token = offered[-1]
            return self._grant.account, True
        tokens = self.hub.catalogue.tokens
        token = next((token for token in offered if token in tokens), None)
        if token is None:
            return None, False
        self._token = token
        self._rights = self.hub.rights.get(token, TokenRights())
        return tokens[token], True

    def _may_read(self, repository: Repository, viewer: str | None) -> bool:
        if grant := self._grant:
            return grant.reads(repository)
        may_see = self.hub.catalogue.may_see(repository, viewer)
        return may_see and self._rights.shows(repository)
