"""A stand-in for GitHub: its REST API for listing repositories, and git smart HTTP, on 127.0.0.1.

git's own ``http-backend`` serves real bare repositories. The API's responses have the fields that a
backup needs. Rules inject faults. Two entry points::

    with GitHubStandIn(root) as hub:            # in a test
        run(api_url=hub.api_url)

    python -m local_cloud.github --root DIR --port N     # for a person
"""

from local_cloud.github.apps import Apps, Installation
from local_cloud.github.catalogue import Account, Catalogue, Repository
from local_cloud.github.corpus import CORPUS_OWNER, CORPUS_TOKEN, build_corpus
from local_cloud.github.faults import Change, Edit, Fault
from local_cloud.github.gists import Gists
from local_cloud.github.rights import TokenRights
from local_cloud.github.server import GitHubStandIn, Request

__all__ = [
    "CORPUS_OWNER",
    "CORPUS_TOKEN",
    "Account",
    "Apps",
    "Catalogue",
    "Change",
    "Edit",
    "Fault",
    "Gists",
    "GitHubStandIn",
    "Installation",
    "Repository",
    "Request",
    "TokenRights",
    "build_corpus",
]
