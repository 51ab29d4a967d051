"""What GitHub answers when it is asked by its id for a repository that it no longer lists. Pure.

The program writes it into the manifest, with each archive that is kept; the mail shows the command
that removes an archive only where the repository was confirmed as not visible.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from backup_contract.github_names import LISTED_REPOSITORY

UpstreamState = Literal["visible", "renamed", "transferred", "not-visible"]
"""``visible``: it is there under the same name. ``renamed``: the same owner has it under another
name. ``transferred``: another owner has it. ``not-visible``: GitHub says that there is none (404);
it was deleted, or the token may no longer see it: GitHub does not tell these apart."""

_STATES: dict[str, UpstreamState] = {
    "visible": "visible",
    "renamed": "renamed",
    "transferred": "transferred",
    "not-visible": "not-visible",
}
_NAME = re.compile(LISTED_REPOSITORY)


@dataclass(frozen=True)
class Upstream:
    """The answer; ``name`` is its ``owner/name`` now, None where it is not visible."""

    state: UpstreamState
    name: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """For people, to go behind the former name."""
        match self.state:
            case "renamed" | "transferred":
                return f"was {self.state} to {self.name}"
            case "visible":
                return "is still visible on GitHub"
            case "not-visible":
                return "is no longer visible on GitHub"


def sentence(upstream: Upstream | None) -> str:
    """The same for whatever is known; None: nobody asked, or GitHub did not answer."""
    return upstream.sentence if upstream else "may still be on GitHub: it was not found out"


def upstream_of(former: str, now: str | None) -> Upstream:
    """What became of ``former``; both are ``owner/name``, ``now`` is None for what is not there."""
    if now is None:
        return Upstream("not-visible")
    if now == former:
        return Upstream("visible", now)
    same_owner = now.partition("/")[0].lower() == former.partition("/")[0].lower()
    return Upstream("renamed" if same_owner else "transferred", now)


def read_upstream(value: object) -> Upstream | None:
    """From the JSON of a manifest; None, which is that nobody asked, for everything else."""
    if not isinstance(value, dict):
        return None
    state, name = _STATES.get(str(value.get("state"))), value.get("name")
    if state == "not-visible" and name is None:
        return Upstream(state)
    if state in (None, "not-visible") or not isinstance(name, str) or not _NAME.fullmatch(name):
        return None
    return Upstream(state, name)
