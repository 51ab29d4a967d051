"""Releases with their assets, comments on commits, security advisories."""

from local_cloud.github.data.model import Advisory, Asset, CommitComment, Release
from local_cloud.github.data.objects.people import Object, View, rollup, user


def release(view: View, made: Release) -> Object:
    """A release."""
    url = f"{view.api}/releases/{made.id}"
    described: Object = {
        "id": made.id,
        "node_id": f"RE_{made.id}",
        "url": url,
        "html_url": f"{view.html}/releases/tag/{made.tag}",
        "assets_url": f"{url}/assets",
        "upload_url": f"{url}/assets{{?name,label}}",
        "tarball_url": f"{view.api}/tarball/{made.tag}",
        "zipball_url": f"{view.api}/zipball/{made.tag}",
        "tag_name": made.tag,
        "target_commitish": view.repository.default_branch,
        "name": made.name,
        "body": made.body,
        "draft": made.draft,
        "prerelease": made.prerelease,
        "immutable": False,
        "created_at": made.created_at,
        "published_at": None if made.draft else made.created_at,
        "updated_at": made.updated_at,
        "author": user(view.base, made.author or "ghost"),
        "assets": [asset(view, made, each) for each in made.assets],
    }
    if made.reactions:
        described["reactions"] = rollup(url, made.reactions)
    return described


def asset(view: View, of: Release, made: Asset) -> Object:
    """A release's file."""
    return {
        "id": made.id,
        "node_id": f"RA_{made.id}",
        "url": f"{view.api}/releases/assets/{made.id}",
        "browser_download_url": f"{view.html}/releases/download/{of.tag}/{made.name}",
        "name": made.name,
        "label": None,
        "state": "uploaded",
        "content_type": "application/octet-stream",
        "size": len(made.contents),
        "digest": made.digest,
        "download_count": 0,
        "created_at": made.created_at,
        "updated_at": made.created_at,
        "uploader": user(view.base, made.uploader),
    }


def commit_comment(view: View, made: CommitComment) -> Object:
    """A comment on a commit."""
    url = f"{view.api}/comments/{made.id}"
    return {
        "id": made.id,
        "node_id": f"CC_{made.id}",
        "url": url,
        "html_url": f"{view.html}/commit/{made.commit}#commitcomment-{made.id}",
        "commit_id": made.commit,
        "path": made.path,
        "position": made.line,
        "line": made.line,
        "user": user(view.base, made.author),
        "body": made.body,
        "created_at": made.created_at,
        "updated_at": made.updated_at,
        "author_association": view.association(made.author),
        "reactions": rollup(url, made.reactions),
    }


def advisory(view: View, made: Advisory) -> Object:
    """A security advisory."""
    closed = made.updated_at if made.state == "closed" else None
    nothing = dict.fromkeys(
        ("cve_id", "withdrawn_at", "submission", "cvss", "cwes", "cwe_ids", "private_fork")
    )
    return {
        **nothing,
        "ghsa_id": made.ghsa_id,
        "url": f"{view.api}/security-advisories/{made.ghsa_id}",
        "html_url": f"{view.html}/security/advisories/{made.ghsa_id}",
        "summary": made.summary,
        "description": made.summary,
        "severity": "high",
        "author": user(view.base, view.repository.owner),
        "publisher": user(view.base, view.repository.owner),
        "identifiers": [{"type": "GHSA", "value": made.ghsa_id}],
        "state": made.state,
        "created_at": made.created_at,
        "updated_at": made.updated_at,
        "published_at": made.created_at if made.state == "published" else None,
        "closed_at": closed,
        "vulnerabilities": [],
        "credits": [],
        "credits_detailed": [],
        "collaborating_users": [],
        "collaborating_teams": [],
    }
