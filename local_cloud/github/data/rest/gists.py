"""Lists of gists and of their comments, as each caller may see them.

https://docs.github.com/rest/gists/gists
"""

import re
from collections.abc import Mapping

from local_cloud.github.data.account import AccountData
from local_cloud.github.data.objects import gists as objects
from local_cloud.github.data.rest.access import Caller, RefusedError
from local_cloud.github.data.rest.paging import Listed

_SCOPE, _PERMISSION = "gist", "gists"
_MOST = 3000
"""GitHub lists no more: https://docs.github.com/rest/gists/gists#list-public-gists"""
_OF_ONE = re.compile(r"/gists/(?P<id>[0-9a-f]+)(?P<comments>/comments)?")
_OF_USER = re.compile(r"/users/(?P<login>[^/]+)/gists")


def is_of_gists(path: str) -> bool:
    """Whether this module answers the path."""
    return path == "/gists" or any(each.fullmatch(path) for each in (_OF_ONE, _OF_USER))


def headers(path: str, caller: Caller) -> Mapping[str, str]:
    """The headers that name the sufficient permissions in the answer."""
    if path != "/gists" or not caller.token:
        return {}
    if caller.rights.scopes is None:
        return {"X-Accepted-GitHub-Permissions": f"{_PERMISSION}=read"}
    return {"X-Accepted-OAuth-Scopes": ""}


def answer(account: AccountData, base: str, path: str, caller: Caller) -> object:
    """A list, or one gist. Raises RefusedError, as for any installation of an App."""
    if caller.installation:
        raise RefusedError(403, caller.refusal)
    if path == "/gists":
        return _listed(account, base, caller.viewer or "", secret=_own(caller))
    if found := _OF_USER.fullmatch(path):
        return _listed(account, base, found["login"], secret=False)
    asked = _OF_ONE.fullmatch(path)
    gist = account.gists.get(asked["id"]) if asked else None
    if asked is None or gist is None:
        raise RefusedError(404, "Not Found")
    if asked["comments"]:
        return Listed(gist.comments, lambda each: objects.comment(base, gist, each))
    return objects.gist(base, gist)


def _listed(account: AccountData, base: str, login: str, *, secret: bool) -> Listed:
    """A user's gists, the one that changed last first."""
    shown = [
        each
        for each in account.gists.values()
        if each.owner.lower() == login.lower() and (each.public or secret)
    ]
    shown.sort(key=lambda each: each.updated_at, reverse=True)
    return Listed(shown, lambda each: objects.gist(base, each), cap=_MOST)


def _own(caller: Caller) -> bool:
    """Whether secret gists of one's own are shown. Raises RefusedError.

    A classic token without the scope is shown the public ones, without a word about the others.
    """
    if not caller.token:
        raise RefusedError(401, "Requires authentication")
    if caller.permissions is not None and _PERMISSION not in caller.permissions:
        raise RefusedError(403, caller.refusal)
    scopes = caller.rights.scopes
    return scopes is None or _SCOPE in scopes
