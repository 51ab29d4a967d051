"""The table of routes: each path, the permissions that are enough for it, and who answers it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from re import Pattern

from local_cloud.github.data.rest import conversations, publications
from local_cloud.github.data.rest.access import Level, Needed
from local_cloud.github.data.rest.asked import Handler

_ISSUES = ("issues",)
_PULLS = ("pull_requests",)
_EITHER = ("issues", "pull_requests")
_CONTENTS = ("contents",)


@dataclass(frozen=True)
class Route:
    """A path below ``/repos/OWNER/REPO/`` with variables in braces; ``{tag+}`` may hold slashes."""

    path: str
    handler: Handler
    permissions: Sequence[str] = ("metadata",)
    level: Level = "read"

    @property
    def needed(self) -> Needed:
        """What it takes to be answered."""
        return Needed(self.permissions, self.level)

    @property
    def pattern(self) -> Pattern[str]:
        """What matches its paths."""
        # As "releases/tags/{tag+}": braces are variables, the rest stands for itself.
        parts = re.split(r"\{(\w+\+?)\}", self.path)
        written = [
            re.escape(part)
            if place % 2 == 0
            else f"(?P<{part.rstrip('+')}>{'.+' if part.endswith('+') else '[^/]+'})"
            for place, part in enumerate(parts)
        ]
        return re.compile("".join(written))


ROUTES: tuple[Route, ...] = (
    Route("issues", conversations.list_issues, _ISSUES),
    Route("issues/comments", conversations.list_all_comments, _EITHER),
    Route("issues/comments/{number}", conversations.get_comment, _EITHER),
    Route("issues/events", conversations.list_all_events, _EITHER),
    Route("issues/{number}", conversations.get_issue, _EITHER),
    Route("issues/{number}/comments", conversations.list_comments, _EITHER),
    Route("issues/{number}/events", conversations.list_events, _EITHER),
    Route("issues/{number}/timeline", conversations.list_timeline, _EITHER),
    Route("issues/{number}/reactions", conversations.list_reactions, _EITHER),
    Route("issues/{number}/sub_issues", conversations.list_sub_issues, _ISSUES),
    Route("pulls", conversations.list_pulls, _PULLS),
    Route("pulls/comments", conversations.list_all_review_comments, _PULLS),
    Route("pulls/{number}", conversations.get_pull, _PULLS),
    Route("pulls/{number}/comments", conversations.list_review_comments, _PULLS),
    Route("pulls/{number}/reviews", conversations.list_reviews, _PULLS),
    Route("labels", conversations.list_labels, _EITHER),
    Route("milestones", conversations.list_milestones, _EITHER),
    Route("milestones/{number}", conversations.get_milestone, _EITHER),
    Route("releases", publications.list_releases, _CONTENTS),
    Route("releases/tags/{tag+}", publications.get_release_by_tag, _CONTENTS),
    Route("releases/assets/{number}", publications.get_asset, _CONTENTS),
    Route("releases/{number}", publications.get_release, _CONTENTS),
    Route("releases/{number}/assets", publications.list_assets, _CONTENTS),
    Route("comments", publications.list_commit_comments, _CONTENTS),
    Route("security-advisories", publications.list_advisories, ("repository_advisories",)),
)
_PATTERNS = [(route.pattern, route) for route in ROUTES]


def find(path: str) -> tuple[Route, Mapping[str, str]] | None:
    """The route of a path below the repository, and the path's variables."""
    for pattern, route in _PATTERNS:
        if matched := pattern.fullmatch(path):
            return route, matched.groupdict()
    return None
