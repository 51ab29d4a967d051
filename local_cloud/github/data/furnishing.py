"""Settings of every kind for a repository, with secrets planted where GitHub may show one."""

from local_cloud.github.data.edits import Editor

PLANTED = (
    "planted-hook-secret",
    "planted-token-in-a-url",
    "planted-clone-token",
    "planted-signature",
    "planted-session",
)
"""What no backup may hold."""


def furnish_settings(editor: Editor) -> None:
    """Set everything that can be set."""
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
