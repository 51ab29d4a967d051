"""The repository itself: as in lists, and in full."""

from local_cloud.github.catalogue import Account
from local_cloud.github.data.objects.people import Object, View, user

_URLS = {
    "archive": "{archive_format}{/ref}",
    "assignees": "assignees{/user}",
    "blobs": "git/blobs{/sha}",
    "branches": "branches{/branch}",
    "collaborators": "collaborators{/collaborator}",
    "comments": "comments{/number}",
    "commits": "commits{/sha}",
    "compare": "compare/{base}...{head}",
    "contents": "contents/{+path}",
    "contributors": "contributors",
    "deployments": "deployments",
    "downloads": "downloads",
    "events": "events",
    "forks": "forks",
    "git_commits": "git/commits{/sha}",
    "git_refs": "git/refs{/sha}",
    "git_tags": "git/tags{/sha}",
    "hooks": "hooks",
    "issue_comment": "issues/comments{/number}",
    "issue_events": "issues/events{/number}",
    "issues": "issues{/number}",
    "keys": "keys{/key_id}",
    "labels": "labels{/name}",
    "languages": "languages",
    "merges": "merges",
    "milestones": "milestones{/number}",
    "notifications": "notifications{?since,all,participating}",
    "pulls": "pulls{/number}",
    "releases": "releases{/id}",
    "stargazers": "stargazers",
    "statuses": "statuses/{sha}",
    "subscribers": "subscribers",
    "subscription": "subscription",
    "tags": "tags",
    "teams": "teams",
    "trees": "git/trees{/sha}",
}
CREATED = "2023-11-14T22:13:20Z"
"""When each repository was created and last pushed to: the day of the corpus' commits."""


def repository(view: View) -> Object:
    """A repository as in lists, for a caller who may not push."""
    item, data = view.repository, view.data
    open_issues = view.issue_counts()[None, "open"]
    owner = view.catalogue.accounts.get(item.owner) or Account(item.owner)
    return {
        "id": item.id,
        "node_id": f"R_{item.id}",
        "name": item.name,
        "full_name": item.full_name,
        "owner": user(view.base, owner.login, owner.type),
        "private": item.private,
        "visibility": "private" if item.private else "public",
        "html_url": view.html,
        "description": None,
        "fork": item.fork,
        "url": view.api,
        **{f"{name}_url": f"{view.api}/{path}" for name, path in _URLS.items()},
        "clone_url": f"{view.html}.git",
        "git_url": f"git:{view.html.partition(':')[2]}.git",
        "ssh_url": f"git@127.0.0.1:{item.full_name}.git",
        "svn_url": view.html,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "size": item.size_kib,
        "default_branch": item.default_branch,
        "archived": item.archived,
        "disabled": False,
        "has_issues": data.has_issues,
        "has_projects": False,
        "has_wiki": item.has_wiki,
        "has_pages": "pages" in data.settings,
        "has_downloads": True,
        "has_discussions": data.has_discussions,
        "has_pull_requests": data.has_pulls,
        "is_template": False,
        "web_commit_signoff_required": False,
        "allow_forking": True,
        "topics": data.settings.get("topics", []),
        "forks": 0,
        "forks_count": 0,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
        "open_issues": open_issues,
        "open_issues_count": open_issues,
        "created_at": CREATED,
        "updated_at": CREATED,
        "pushed_at": CREATED,
    }


def full_repository(view: View, *, pushes: bool) -> Object:
    """A single repository, with its merge settings only for callers who may push."""
    made = repository(view) | {"subscribers_count": 0, "network_count": 0}
    made |= {"temp_clone_token": "", **view.data.settings.get("repository", {})}
    if pushes:
        made |= {
            "allow_merge_commit": True,
            "allow_squash_merge": True,
            "allow_rebase_merge": False,
            "allow_auto_merge": False,
            "allow_update_branch": False,
            "delete_branch_on_merge": True,
            "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
            "squash_merge_commit_message": "COMMIT_MESSAGES",
            "merge_commit_title": "MERGE_MESSAGE",
            "merge_commit_message": "PR_TITLE",
            "permissions": {
                "admin": True,
                "maintain": True,
                "push": True,
                "triage": True,
                "pull": True,
            },
        }
    return made
