"""Checks which project data a token or a GitHub App may read. Asks GitHub, and reads no data."""

import re
from dataclasses import dataclass
from typing import Any

from backup_contract.github_names import REPOSITORY
from backup_contract.kinds import ACCOUNT, DATA
from launcher.config import Config
from launcher.launch.program_arguments import takes
from launcher.preflight import data_rights
from launcher.preflight.data_rights import ORGANIZATION_RIGHTS, RIGHTS, Right
from launcher.preflight.findings import Finding
from launcher.preflight.github_facts import GitHub


@dataclass(frozen=True, slots=True)
class DataCheck:
    """The check of the permissions for project data, for each owner."""

    github: GitHub
    config: Config

    def finding(self) -> Finding:
        """The finding. Raises RefusedError for a wrong App, token or options."""
        config = self.config
        if not takes(DATA, config.backup_options):
            return data_rights.excluded()
        if not (config.github_token_parameter or config.github_app_id):
            return data_rights.without_token()
        lacking: dict[str, list[Right]] = {}
        for owner in config.github_owners:
            found = self._of_app(owner) if config.github_app_id else self._of_token(owner)
            if found is not None:
                lacking[owner] = found
        unasked = [owner for owner in config.github_owners if owner not in lacking]
        return data_rights.finding(lacking, unasked)

    @property
    def _of_account(self) -> bool:
        """Whether the account's own data is saved."""
        return takes(ACCOUNT, self.config.backup_options)

    def _of_app(self, owner: str) -> list[Right] | None:
        document = self.github.installation(owner).document
        if not isinstance(document, dict):
            return None
        return data_rights.of_installation(document, account=self._of_account)

    def _of_token(self, owner: str) -> list[Right] | None:
        """The missing rights; None if unknown, because only a private repository would reveal
        them."""
        token = self.github.secrets.token()
        account = self.github.get(f"/users/{owner}", token)
        organization = account.field("type") == "Organization"
        wanted = ORGANIZATION_RIGHTS if organization and self._of_account else ()
        if (scopes := account.headers.get("X-OAuth-Scopes")) is not None:
            # The GitHub check reports what it lacks for repositories.
            return data_rights.of_scopes(scopes) if wanted else []
        path = f"/orgs/{owner}/repos?type=private&per_page=1"
        if not organization:
            path = "/user/repos?affiliation=owner&visibility=private&per_page=1"
        name = _first_name(self.github.get(path, token).document, owner)
        if name is None:
            return None
        lacking = []
        for right, whose in (
            *((each, f"/repos/{name}") for each in RIGHTS),
            *((each, f"/orgs/{owner}") for each in wanted),
        ):
            refused = self._refuses(right, whose, name, token)
            if refused is None:
                return None
            if refused:
                lacking.append(right)
        return lacking

    def _refuses(self, right: Right, whose: str, name: str, token: str) -> bool | None:
        """Whether a permission is missing; None if GitHub does not answer."""
        if right.connection:
            answer = self.github.graphql(*_question(right.connection, name), token)
            if answer.status == 200:
                return "FORBIDDEN" in _problems(answer.document)
        else:
            answer = self.github.get(f"{whose}/{right.question}?per_page=1", token)
        if answer.status == 0 or answer.refused.passing:
            return None
        return answer.status == 403 and bool(answer.refused.rights)


def _question(connection: str, full_name: str) -> tuple[str, dict[str, str]]:
    """A GraphQL query for the first item of a repository's connection, and its variables.

    GitHub may return the count and refuse the item, so there must be an item to know.
    """
    owner, _, name = full_name.partition("/")
    counted = f"{connection}(first: 1) {{ totalCount nodes {{ id }} }}"
    query = (
        "query Right($owner: String!, $name: String!) "
        f"{{ repository(owner: $owner, name: $name) {{ {counted} }} }}"
    )
    return query, {"owner": owner, "name": name}


def _problems(document: Any) -> set[str]:
    """The types of the errors in a GraphQL response."""
    errors = document.get("errors") if isinstance(document, dict) else None
    listed = errors if isinstance(errors, list) else []
    return {str(each.get("type")) for each in listed if isinstance(each, dict)}


def _first_name(document: Any, owner: str) -> str | None:
    """The first of these repositories' full names, if it is valid and the owner's; else None."""
    first = document[0] if isinstance(document, list) and document else None
    name = str(first.get("full_name")) if isinstance(first, dict) else ""
    is_own = name.lower().startswith(f"{owner.lower()}/")
    return name if is_own and re.fullmatch(REPOSITORY, name) else None
