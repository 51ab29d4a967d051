"""Releases and their files, comments on commits, security advisories."""

from collections.abc import Callable
from typing import Any

from local_cloud.github.data.model import Asset, Release
from local_cloud.github.data.objects import people, releases
from local_cloud.github.data.rest.asked import Asked, Listed, RefusedError
from local_cloud.github.storage import release_files


def list_releases(asked: Asked) -> Listed:
    """Releases, newest first; only the first 1,000 are listed, drafts only for who may push."""
    found = [each for each in reversed(asked.data.releases) if _shown(asked, each)]
    return Listed(found, lambda each: releases.release(asked.view, each), cap=asked.limits.releases)


def get_release(asked: Asked) -> Any:
    """One release, by its id."""
    number = asked.number()
    return releases.release(asked.view, _find(asked, lambda each: each.id == number))


def get_release_by_tag(asked: Asked) -> Any:
    """One release, by its tag, however old it is. Drafts have no tag yet."""
    tag = asked.parts["tag"]
    found = _find(asked, lambda each: each.tag == tag and not each.draft)
    return releases.release(asked.view, found)


def list_release_reactions(asked: Asked) -> Listed:
    """Who reacted to a release."""
    number = asked.number()
    found = _find(asked, lambda each: each.id == number)
    return Listed(found.reactions, lambda each: people.reaction(asked.view, each))


def list_commit_comment_reactions(asked: Asked) -> Listed:
    """Who reacted to a comment on a commit."""
    number = asked.number()
    for made in asked.data.commit_comments:
        if made.id == number:
            return Listed(made.reactions, lambda each: people.reaction(asked.view, each))
    raise RefusedError(404, "Not Found")


def list_assets(asked: Asked) -> Listed:
    """The files of one release."""
    number = asked.number()
    release = _find(asked, lambda each: each.id == number)
    return Listed(release.assets, lambda each: releases.asset(asked.view, release, each))


def get_asset(asked: Asked) -> Any:
    """A file of a release: what it is, or where its bytes are (302) to who accepts those."""
    release, asset = _asset(asked)
    if asked.accept == "application/octet-stream":
        there = release_files.address(asked.view.base, asset.id)
        raise RefusedError(302, "Found", {"Location": there})
    return releases.asset(asked.view, release, asset)


def list_commit_comments(asked: Asked) -> Listed:
    """The comments on commits, oldest first."""
    found = asked.data.commit_comments
    return Listed(found, lambda each: releases.commit_comment(asked.view, each))


def list_advisories(asked: Asked) -> Listed:
    """Security advisories; drafts only for administrators."""
    found = [e for e in asked.data.advisories if e.state == "published" or asked.administers]
    ordered = asked.in_order(found, "created", falls=True)
    return Listed(ordered, lambda each: releases.advisory(asked.view, each))


def _shown(asked: Asked, release: Release) -> bool:
    return not release.draft or asked.administers


def _find(asked: Asked, wanted: Callable[[Release], bool]) -> Release:
    for each in asked.data.releases:
        if wanted(each) and _shown(asked, each):
            return each
    raise RefusedError(404, "Not Found")


def _asset(asked: Asked) -> tuple[Release, Asset]:
    number = asked.number()
    for release in asked.data.releases:
        for asset in release.assets:
            if asset.id == number and _shown(asked, release):
                return release, asset
    raise RefusedError(404, "Not Found")
