"""Gists and their comments, as lists show them."""

from local_cloud.github.data.model import Gist, GistComment
from local_cloud.github.data.objects.people import Object, user


def gist(base: str, made: Gist) -> Object:
    """A gist without the contents of its files."""
    url, html = f"{base}/gists/{made.id}", f"{base}/gist/{made.id}"
    return {
        "url": url,
        "forks_url": f"{url}/forks",
        "commits_url": f"{url}/commits",
        "id": made.id,
        "node_id": f"G_{made.id}",
        "git_pull_url": f"{html}.git",
        "git_push_url": f"{html}.git",
        "html_url": html,
        "files": {name: _file(html, made, name) for name in sorted(made.files)},
        "public": made.public,
        "created_at": made.created_at,
        "updated_at": made.updated_at,
        "description": made.description or None,
        "comments": len(made.comments),
        "comments_enabled": True,
        "user": None,
        "comments_url": f"{url}/comments",
        "owner": user(base, made.owner),
        "truncated": False,
    }


def _file(html: str, made: Gist, name: str) -> Object:
    return {
        "filename": name,
        "type": "text/plain",
        "language": "Markdown" if name.endswith(".md") else "Text",
        "raw_url": f"{html}/raw/{name}",
        "size": made.files[name],
    }


def comment(base: str, of: Gist, made: GistComment) -> Object:
    """A comment on a gist."""
    return {
        "id": made.id,
        "node_id": f"GC_{made.id}",
        "url": f"{base}/gists/{of.id}/comments/{made.id}",
        "body": made.body,
        "user": user(base, made.user),
        "created_at": made.created_at,
        "updated_at": made.updated_at,
        "author_association": "OWNER" if made.user == of.owner else "NONE",
    }
