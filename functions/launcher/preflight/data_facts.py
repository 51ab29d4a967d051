"""What a token or a GitHub App may read of project data: GitHub is asked, nothing is read."""

import re
from dataclasses import dataclass
from typing import Any

from backup_contract.github_names import REPOSITORY
from backup_contract.kinds import DATA
from launcher.config import Config
from launcher.launch.program_arguments import takes
from launcher.preflight import data_rights
from launcher.preflight.data_rights import RIGHTS, Right
from launcher.preflight.findings import Finding
from launcher.preflight.github_facts import GitHub


@dataclass(frozen=True, slots=True)
class DataCheck:
    """The check of the rights that project data takes, owner by owner."""

    github: GitHub
    config: Config

    def look(self) -> Finding:
        """Its line. Raises RefusedError for an App, a token or options that are wrong."""
        config = self.config
        if not takes(DATA, config.backup_options):
            return data_rights.left_out()
        if not (config.github_token_parameter or config.github_app_id):
            return data_rights.of_nobody()
        lacking: dict[str, list[Right]] = {}
        for owner in config.github_owners:
            found = self._of_app(owner) if config.github_app_id else self._of_token(owner)
            if found is not None:
                lacking[owner] = found
        unasked = [owner for owner in config.github_owners if owner not in lacking]
        return data_rights.finding(lacking, unasked)

    def _of_app(self, owner: str) -> list[Right] | None:
        document = self.github.installation(owner).document
        return data_rights.of_installation(document) if isinstance(document, dict) else None

    def _of_token(self, owner: str) -> list[Right] | None:
        """None where GitHub does not tell: it does by refusing what a private repository has."""
        token = self.github.secrets.token()
        account = self.github.get(f"/users/{owner}", token)
        if "X-OAuth-Scopes" in account.headers:
            return []  # what it lacks the line GitHub says
        path = f"/orgs/{owner}/repos?type=private&per_page=1"
        if account.field("type") != "Organization":
            path = "/user/repos?affiliation=owner&visibility=private&per_page=1"
        name = _first_name(self.github.get(path, token).document, owner)
        if name is None:
            return None
        lacking = []
        for right in RIGHTS:
            if not right.question:
                continue
            answer = self.github.get(f"/repos/{name}/{right.question}?per_page=1", token)
            if answer.status == 0 or answer.refused.passing:
                return None
            if answer.status == 403 and answer.refused.rights:
                lacking.append(right)
        return lacking


def _first_name(document: Any, owner: str) -> str | None:
    """The full name of the first of these repositories, if it is the owner's and a name at all."""
    first = document[0] if isinstance(document, list) and document else None
    name = str(first.get("full_name")) if isinstance(first, dict) else ""
    is_own = name.lower().startswith(f"{owner.lower()}/")
    return name if is_own and re.fullmatch(REPOSITORY, name) else None
