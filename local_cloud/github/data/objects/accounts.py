"""A single user or organization."""

from local_cloud.github.data.objects.people import Object, user
from local_cloud.github.data.objects.repository import CREATED

_FREE_TEXTS = ("name", "company", "blog", "location", "email", "hireable", "bio")


def profile(base: str, login: str, type: str, public: int, private: int | None) -> Object:
    """A user or an organization with the counts of repositories; ``private`` only if given."""
    common = {
        "public_repos": public,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": CREATED,
        "updated_at": CREATED,
    }
    answer: Object = {}
    if private is not None:
        answer = {"owned_private_repos": private, "total_private_repos": private}
    if type == "Organization":
        return {**_organization(base, login), **common, **answer}
    if answer:
        two_factors = {"two_factor_authentication": True}
        answer |= {"private_gists": 0, "disk_usage": 0, "collaborators": 0, **two_factors}
    return {**(user(base, login) or {}), **dict.fromkeys(_FREE_TEXTS), **common, **answer}


def _organization(base: str, login: str) -> Object:
    described, url = user(base, login, "Organization") or {}, f"{base}/orgs/{login}"
    return {
        "login": login,
        "id": described["id"],
        "node_id": f"O_{described['id']}",
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": described["avatar_url"],
        "html_url": f"{base}/{login}",
        "description": None,
        "type": "Organization",
        "has_organization_projects": True,
        "has_repository_projects": True,
        "archived_at": None,
    }
