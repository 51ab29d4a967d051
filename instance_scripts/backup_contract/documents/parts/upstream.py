"""GitHub's answer about the id of a repository that it no longer lists. Pure.

The program writes it into the manifest, with each retained archive. The mail shows the command that
removes an archive only if GitHub confirmed that the repository is not visible.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from backup_contract.github_names import LISTED_REPOSITORY

UpstreamState = Literal["visible", "renamed", "transferred", "not-visible"]
"""``visible``: it still has the same name. ``renamed``: it has the same owner and another name.
``transferred``: it has another owner. ``not-visible``: GitHub answered 404, because it was deleted
or because the token has lost access; GitHub does not distinguish the two."""

_STATES: dict[str, UpstreamState] = {
    "visible": "visible",
    "renamed": "renamed",
    "transferred": "transferred",
    "not-visible": "not-visible",
}
_NAME = re.compile(LISTED_REPOSITORY)


@dataclass(frozen=True)
class Upstream:
    """The answer. ``name`` is the present ``owner/name``; None if it is not visible."""

    state: UpstreamState
    name: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object in the manifest."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """The answer as text, to follow the former name."""
        match self.state:
            case "renamed" | "transferred":
                return f"was {self.state} to {self.name}"
            case "visible":
                return "is still visible on GitHub"
            case "not-visible":
                return "is no longer visible on GitHub"


def sentence(upstream: Upstream | None) -> str:
    """The text for an answer; None: GitHub was not asked, or did not answer."""
    return upstream.sentence if upstream else "may still be on GitHub: GitHub did not say"


def upstream_of(former: str, now: str | None) -> Upstream:
    """The answer from the former and the present ``owner/name``; None: not visible."""
    if now is None:
        return Upstream("not-visible")
    if now == former:
        return Upstream("visible", now)
    same_owner = now.partition("/")[0].lower() == former.partition("/")[0].lower()
    return Upstream("renamed" if same_owner else "transferred", now)


def read_upstream(value: object) -> Upstream | None:
    """Read the JSON in a manifest. None if it is missing or malformed."""
    if not isinstance(value, dict):
        return None
    state, name = _STATES.get(str(value.get("state"))), value.get("name")
    if state == "not-visible" and name is None:
        return Upstream(state)
    if state in (None, "not-visible") or not isinstance(name, str) or not _NAME.fullmatch(name):
        return None
    return Upstream(state, name)
