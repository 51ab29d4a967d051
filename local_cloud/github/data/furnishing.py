"""Settings of every kind for repositories and organizations, with secrets planted."""

from local_cloud.github.data.account import AccountData
from local_cloud.github.data.edits import Editor
from local_cloud.github.data.projects import Project, ProjectField, ProjectItem

PLANTED = (
    "planted-hook-secret",
    "planted-token-in-a-url",
    "planted-clone-token",
    "planted-signature",
    "planted-session",
)
"""Secrets that no backup may contain."""


def furnish_settings(editor: Editor) -> None:
    """Set all settings of a repository."""
    new_id = editor.account.new_id
    editor.set(
        "hooks",
        [
            {
                "id": new_id(),
                "config": {
                    "url": f"https://user:{PLANTED[1]}@ci.example.com/hook?token={PLANTED[1]}",
                    "content_type": "json",
                    "secret": PLANTED[0],
                    "insecure_ssl": "0",
                },
            }
        ],
    )
    editor.set("keys", [{"id": new_id(), "title": "deploy", "key": "ssh-ed25519 AAAAC3Nz"}])
    editor.set("collaborators", [{"login": "hubot", "role_name": "write"}])
    editor.set("teams", [{"id": new_id(), "name": "Core", "slug": "core"}])
    editor.set("invitations", [{"id": new_id(), "invitee": "monalisa"}])
    ticket = "https://tickets.example.com/<num>"
    editor.set("autolinks", [{"id": new_id(), "key_prefix": "T-", "url_template": ticket}])
    editor.set("pages", {"cname": "docs.example.com", "https_enforced": True})
    editor.set("topics", ["backup", "aws"])
    editor.set("environments", [{"id": new_id(), "name": "production"}])
    names = [f"VARIABLE_{number:02}" for number in range(35)]
    editor.set("actions/variables", [{"name": name, "value": name.lower()} for name in names])
    editor.set("actions/secrets", ["DEPLOY_KEY"])
    editor.set("dependabot/secrets", ["REGISTRY_TOKEN"])
    editor.set("environments/production/variables", [{"name": "URL", "value": "example.com"}])
    editor.set("environments/production/secrets", ["PASSWORD"])
    editor.set(
        "rulesets",
        [
            {
                "id": new_id(),
                "name": "Protect main",
                "rules": [{"type": "deletion"}, {"type": "non_fast_forward"}],
                "bypass_actors": [
                    {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}
                ],
            }
        ],
    )
    editor.set("branches/main/protection", _PROTECTION)
    editor.set("repository", {"temp_clone_token": PLANTED[2]})
    image = f"https://private-user-images.githubusercontent.com/1/2.png?jwt={PLANTED[3]}"
    file = f"https://storage.example.com/f?X-Amz-Signature={PLANTED[4]}"
    editor.create_issue("An issue with pictures", f"![picture]({image})\n[file]({file})\n")
    editor.create_advisory("GHSA-aaaa-bbbb-cccc", "Reads beyond the end")


_PROTECTION = {
    "required_status_checks": {
        "strict": True,
        "contexts": ["test"],
        "checks": [{"context": "test", "app_id": None}],
    },
    "required_pull_request_reviews": {
        "dismiss_stale_reviews": True,
        "require_code_owner_reviews": False,
        "required_approving_review_count": 1,
    },
    "enforce_admins": {"url": "https://api.example.com/enforce_admins", "enabled": True},
    "required_linear_history": {"enabled": True},
    "allow_force_pushes": {"enabled": False},
    "allow_deletions": {"enabled": False},
}


def furnish_organization(account: AccountData, login: str, repository: int, full_name: str) -> None:
    """Set all settings of an organization. Its project and team have one repository."""
    new_id = account.new_id
    of = f"orgs/{login}"
    chosen = {"visibility": "selected"}
    account.accounts |= {
        f"{of}/members": ["octo", "hubot", "monalisa"],
        f"{of}/members?role=admin": ["octo"],
        f"{of}/outside_collaborators": ["guest"],
        f"{of}/teams": [{"id": new_id(), "name": "Core", "slug": "core"}],
        f"{of}/teams/core/members": ["octo", "hubot"],
        f"{of}/teams/core/members?role=maintainer": ["hubot"],
        f"{of}/teams/core/repos": [(full_name, "write")],
        f"{of}/hooks": [_hook(new_id())],
        f"{of}/rulesets": [
            {
                "id": new_id(),
                "name": "Protect all",
                "target": "branch",
                "enforcement": "active",
                "rules": [{"type": "deletion"}],
            }
        ],
        f"{of}/actions/variables": [
            *({"name": f"VARIABLE_{number:02}", "value": "x"} for number in range(35)),
            {"name": "REGION", "value": "eu", **chosen},
        ],
        f"{of}/actions/variables/REGION/repositories": [full_name],
        f"{of}/actions/secrets": [{"name": "SIGNING_KEY"}, {"name": "DEPLOY_KEY", **chosen}],
        f"{of}/actions/secrets/DEPLOY_KEY/repositories": [full_name],
        f"{of}/dependabot/secrets": [{"name": "REGISTRY_TOKEN"}],
        f"{of}/projectsV2": [_project(account, login, repository)],
    }


def _hook(number: int) -> dict[str, object]:
    """A webhook of an organization."""
    url = f"https://api.github.com/orgs/octo-org/hooks/{number}"
    return {
        "id": number,
        "url": url,
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "type": "Organization",
        "name": "web",
        "active": True,
        "events": ["push"],
        "config": {
            "url": f"https://ci.example.com/hook?token={PLANTED[1]}",
            "content_type": "json",
            "secret": PLANTED[0],
        },
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-01T00:00:00Z",
    }


def _project(account: AccountData, login: str, repository: int) -> Project:
    """A project with a field of each type, a draft and an issue."""
    new_id = account.new_id
    fields = (
        ProjectField(new_id(), "Status", "single_select", ("Todo", "Done")),
        ProjectField(new_id(), "Notes", "text"),
        ProjectField(new_id(), "Points", "number"),
        ProjectField(new_id(), "Due", "date"),
        ProjectField(new_id(), "Sprint", "iteration"),
    )
    values = {
        "Status": "Done",
        "Notes": "as agreed",
        "Points": 3.5,
        "Due": "2026-12-24",
        "Sprint": "Sprint 7",
    }
    items = (
        ProjectItem(new_id(), "Write it down"),
        ProjectItem(new_id(), about=(repository, 1), values=values),
    )
    return Project(new_id(), login, 4, "Roadmap", fields, items)
