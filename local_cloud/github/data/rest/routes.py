"""The table of routes: each path, its sufficient permissions, and its handler."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from re import Pattern

from local_cloud.github.data.rest import conversations, publications, settings
from local_cloud.github.data.rest.access import Level, Needed
from local_cloud.github.data.rest.asked import Handler

_ISSUES = ("issues",)
_PULLS = ("pull_requests",)
_EITHER = ("issues", "pull_requests")
_CONTENTS = ("contents",)
_ADMINISTRATION = ("administration",)
_ENVIRONMENTS = ("environments",)
_ENVIRONMENT_VARIABLES = settings.variables("environments/{name}/variables")
_ENVIRONMENT_SECRETS = settings.secrets("environments/{name}/secrets")
_ACTIONS_VARIABLES = settings.variables("actions/variables")
_ACTIONS_SECRETS = settings.secrets("actions/secrets")
_DEPENDABOT_SECRETS = settings.secrets("dependabot/secrets")


@dataclass(frozen=True)
class Route:
    """A path below ``/repos/OWNER/REPO/`` with variables in braces; ``{tag+}`` may hold slashes."""

    path: str
    handler: Handler
    permissions: Sequence[str] = ("metadata",)
    level: Level = "read"

    @property
    def needed(self) -> Needed:
        """The access that the route needs."""
        return Needed(self.permissions, self.level)

    @property
    def pattern(self) -> Pattern[str]:
        """The regular expression for its paths."""
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
    Route("issues/comments/{number}/reactions", conversations.list_comment_reactions, _EITHER),
    Route("pulls/comments/{number}/reactions", conversations.list_comment_reactions, _PULLS),
    Route("releases/{number}/reactions", publications.list_release_reactions, _CONTENTS),
    Route("comments/{number}/reactions", publications.list_commit_comment_reactions, _CONTENTS),
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
    Route("branches", settings.list_branches, _CONTENTS),
    Route("branches/{branch+}/protection", settings.get_protection, _ADMINISTRATION, "admin"),
    Route("rulesets", settings.list_rulesets),
    Route("rulesets/{number}", settings.get_ruleset),
    Route("hooks", settings.list_hooks, ("repository_hooks",), "admin"),
    Route("keys", settings.list_keys, _ADMINISTRATION, "admin"),
    Route("collaborators", settings.list_collaborators, level="push"),
    Route("teams", settings.list_teams, _ADMINISTRATION, "admin"),
    Route("invitations", settings.list_invitations, _ADMINISTRATION, "admin"),
    Route("autolinks", settings.list_autolinks, _ADMINISTRATION, "admin"),
    Route("pages", settings.get_pages, ("pages",), "push"),
    Route("topics", settings.get_topics),
    Route("environments", settings.list_environments, ("actions",)),
    Route(
        "environments/{name+}/variables",
        _ENVIRONMENT_VARIABLES,
        _ENVIRONMENTS,
        "push",
    ),
    Route(
        "environments/{name+}/secrets",
        _ENVIRONMENT_SECRETS,
        _ENVIRONMENTS,
        "push",
    ),
    Route("actions/variables", _ACTIONS_VARIABLES, ("actions_variables",), "push"),
    Route("actions/secrets", _ACTIONS_SECRETS, ("secrets",), "push"),
    Route(
        "dependabot/secrets",
        _DEPENDABOT_SECRETS,
        ("dependabot_secrets",),
        "push",
    ),
)
_PATTERNS = [(route.pattern, route) for route in ROUTES]


def find(path: str) -> tuple[Route, Mapping[str, str]] | None:
    """The route of a path below the repository, and the path's variables."""
    for pattern, route in _PATTERNS:
        if matched := pattern.fullmatch(path):
            return route, matched.groupdict()
    return None
