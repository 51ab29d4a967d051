"""A repository's settings: the stored fields, completed to GitHub's objects.

``RepositoryData.settings`` holds what somebody chose (the names and values); ids, URLs and dates
that GitHub adds are added here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from local_cloud.github.data.objects.people import Object, View, user
from local_cloud.github.data.objects.repository import CREATED, repository
from local_cloud.github.data.rest.asked import Asked, Handler, Listed, RefusedError

MOST_VARIABLES = 30
USUAL_VARIABLES = 10
_DATES = {"created_at": CREATED, "updated_at": CREATED}
_PERMISSIONS = ("pull", "triage", "push", "maintain", "admin")


def list_hooks(asked: Asked) -> Listed:
    """Webhooks. GitHub shows asterisks for a secret."""

    def written(stored: Mapping[str, Any]) -> Object:
        url = f"{asked.view.api}/hooks/{stored['id']}"
        return {
            "type": "Repository",
            "name": "web",
            "active": True,
            "events": ["push"],
            "last_response": {"code": None, "status": "unused", "message": None},
            "url": url,
            "test_url": f"{url}/tests",
            "ping_url": f"{url}/pings",
            "deliveries_url": f"{url}/deliveries",
            **_DATES,
            **stored,
        }

    return Listed(_stored(asked, "hooks"), written)


def list_keys(asked: Asked) -> Listed:
    """Deploy keys."""
    return Listed(
        _stored(asked, "keys"),
        lambda stored: {
            "url": f"{asked.view.api}/keys/{stored['id']}",
            "verified": True,
            "created_at": CREATED,
            "read_only": True,
            **stored,
        },
    )


def list_collaborators(asked: Asked) -> Listed:
    """The collaborators with their permissions, the owner first."""
    stored = [{"login": asked.view.repository.owner, "role_name": "admin"}]
    return Listed(
        [*stored, *_stored(asked, "collaborators")],
        lambda each: {
            **_user(asked.view, each["login"]),
            "role_name": each["role_name"],
            "permissions": _permissions(each["role_name"]),
        },
    )


def list_teams(asked: Asked) -> Listed:
    """The teams that may read the repository."""
    return Listed(_stored(asked, "teams"), lambda each: team(asked.view, each))


def team(view: View, stored: Mapping[str, Any]) -> Object:
    """A team, of which ``id``, ``name`` and ``slug`` are stored."""
    url = f"{view.base}/organizations/1/team/{stored['id']}"
    return {
        "node_id": f"T_{stored['id']}",
        "description": None,
        "permission": "pull",
        "privacy": "closed",
        "type": "organization",
        "url": url,
        "html_url": f"{view.base}/orgs/{view.repository.owner}/teams/{stored['slug']}",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "parent": None,
        **stored,
    }


def list_invitations(asked: Asked) -> Listed:
    """The pending invitations."""
    view = asked.view
    return Listed(
        _stored(asked, "invitations"),
        lambda stored: {
            "node_id": f"RI_{stored['id']}",
            "repository": repository(view),
            "inviter": user(view.base, view.repository.owner),
            "permissions": "read",
            "created_at": CREATED,
            "expired": False,
            "url": f"{view.base}/user/repository_invitations/{stored['id']}",
            "html_url": f"{view.html}/invitations",
            **stored,
            "invitee": user(view.base, stored["invitee"]),
        },
    )


def list_autolinks(asked: Asked) -> list[Any]:
    """Autolinks; there are no pages of them."""
    return [{"is_alphanumeric": True, **each} for each in _stored(asked, "autolinks")]


def get_pages(asked: Asked) -> Any:
    """The site; 404 where there is none."""
    stored = asked.data.settings.get("pages")
    if stored is None:
        raise RefusedError(404, "Not Found")
    return {
        "url": f"{asked.view.api}/pages",
        "status": "built",
        "cname": None,
        "custom_404": False,
        "public": True,
        **stored,
    }


def get_topics(asked: Asked) -> Any:
    """The topics."""
    return {"names": _stored(asked, "topics")}


def list_branches(asked: Asked) -> Listed:
    """The default branch and those that are protected; the latter only with ``protected=true``."""
    names = [key.split("/", 1)[1].rpartition("/")[0] for key in _protections(asked)]
    main = asked.view.repository.default_branch
    if asked.query.get("protected") != "true" and main not in names:
        names.append(main)
    sha = "0" * 40
    return Listed(
        sorted(names),
        lambda name: {
            "name": name,
            "commit": {"sha": sha, "url": f"{asked.view.api}/commits/{sha}"},
            "protected": f"branches/{name}/protection" in asked.data.settings,
        },
    )


def get_protection(asked: Asked) -> Any:
    """The protection of a branch."""
    key = f"branches/{asked.parts['branch']}/protection"
    if key not in asked.data.settings:
        raise RefusedError(404, "Branch not protected")
    return {"url": f"{asked.view.api}/{key}", **asked.data.settings[key]}


def list_rulesets(asked: Asked) -> Listed:
    """Rulesets, without what only one alone has."""
    alone = ("bypass_actors", "conditions", "rules")

    def written(stored: Mapping[str, Any]) -> Object:
        return {name: value for name, value in _ruleset(asked, stored).items() if name not in alone}

    return Listed(_stored(asked, "rulesets"), written)


def get_ruleset(asked: Asked) -> Any:
    """One ruleset. Only administrators see who may bypass it."""
    for stored in _stored(asked, "rulesets"):
        if stored["id"] == asked.number():
            made = _ruleset(asked, stored)
            return made if asked.administers else {**made, "bypass_actors": []}
    raise RefusedError(404, "Not Found")


def list_environments(asked: Asked) -> Listed:
    """Environments of deployments."""

    def written(stored: Mapping[str, Any]) -> Object:
        return {
            "node_id": f"EN_{stored['id']}",
            "url": f"{asked.view.api}/environments/{stored['name']}",
            "html_url": f"{asked.view.html}/deployments/{stored['name']}",
            "protection_rules": [],
            "deployment_branch_policy": None,
            **_DATES,
            **stored,
        }

    return Listed(_stored(asked, "environments"), written, within="environments")


def variables(key: str) -> Handler:
    """The handler of variables, of which a page holds 30 at most."""

    def handle(asked: Asked) -> Listed:
        stored = _stored(asked, key.format(**asked.parts))
        return Listed(
            stored,
            lambda each: {**_DATES, **each},
            within="variables",
            most=MOST_VARIABLES,
            usual=USUAL_VARIABLES,
        )

    return handle


def secrets(key: str) -> Handler:
    """The handler of secrets: their names, never their values."""

    def handle(asked: Asked) -> Listed:
        names = _stored(asked, key.format(**asked.parts))
        return Listed(names, lambda name: {"name": name, **_DATES}, within="secrets")

    return handle


def _ruleset(asked: Asked, stored: Mapping[str, Any]) -> Object:
    url = f"{asked.view.api}/rulesets/{stored['id']}"
    return {
        "node_id": f"RRS_{stored['id']}",
        "target": "branch",
        "source_type": "Repository",
        "source": asked.view.repository.full_name,
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [],
        "_links": {"self": {"href": url}, "html": {"href": f"{asked.view.html}/rules"}},
        **_DATES,
        **stored,
    }


def _stored(asked: Asked, key: str) -> Sequence[Any]:
    found: Sequence[Any] = asked.data.settings.get(key, ())
    return found


def _protections(asked: Asked) -> list[str]:
    return [key for key in asked.data.settings if key.endswith("/protection")]


def _user(view: View, login: str) -> Object:
    return user(view.base, login) or {}


def _permissions(role: str) -> dict[str, bool]:
    rank = _PERMISSIONS.index({"read": "pull", "write": "push"}.get(role, role))
    return {name: place <= rank for place, name in enumerate(_PERMISSIONS)}
