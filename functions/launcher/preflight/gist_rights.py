"""Checks whether the gists of each owner can be saved. Asks GitHub, and reads no gist.

An organization has none. GitHub shows secret gists only to their owner's token with the scope
``gist`` or the permission Gists, and no gists at all to an App:
https://docs.github.com/rest/gists/gists
"""

from collections.abc import Iterator
from dataclasses import dataclass

from backup_contract.kinds import GIST
from launcher.config import Config
from launcher.launch.program_arguments import takes
from launcher.preflight.findings import Finding, Grade
from launcher.preflight.github_facts import GitHub

CHECK = "gists"
_SCOPE = "gist"


@dataclass(frozen=True, slots=True)
class GistCheck:
    """The check of the permission for gists, for each owner."""

    github: GitHub
    config: Config

    def finding(self) -> Finding:
        """The finding. Raises RefusedError for a wrong App, token or options."""
        if not takes(GIST, self.config.backup_options):
            return Finding(CHECK, Grade.OK, "excluded by BackupOptions")
        lacking = list(self._lacking())
        if lacking:
            return Finding(CHECK, Grade.NOTE, "; ".join(lacking))
        return Finding(CHECK, Grade.OK, "nothing is missing")

    def _lacking(self) -> Iterator[str]:
        """What is not saved of each owner, and the remedy."""
        app = bool(self.config.github_app_id)
        token = "" if app else self.github.secrets.token()
        viewer = str(self.github.get("/user", token).field("login") or "") if token else ""
        for owner in self.config.github_owners:
            account = self.github.get(f"/users/{owner}", token)
            if account.field("type") != "User":
                continue
            if app:
                yield (
                    f"not saved of {owner}: GitHub does not show gists to a GitHub App; a token of "
                    f"{owner} with the scope {_SCOPE} saves them, to another destination"
                )
            elif viewer.lower() != owner.lower():
                yield f"only public ones of {owner}: secret ones need a token of {owner}"
            elif right := self._right(account.headers.get("X-OAuth-Scopes"), token):
                yield f"only public ones of {owner} unless you add the {right}"

    def _right(self, scopes: str | None, token: str) -> str:
        """The permission or scope that the owner's own token lacks; empty if none."""
        if scopes is not None:
            has_scope = _SCOPE in (each.strip() for each in scopes.split(","))
            return "" if has_scope else f"scope {_SCOPE}"
        refused = self.github.get("/gists?per_page=1", token).status in (403, 404)
        return "permission Gists" if refused else ""
