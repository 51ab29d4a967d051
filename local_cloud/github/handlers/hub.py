"""The state that all connections of the stand-in share: its content and its rules."""

import threading
from collections.abc import Iterable
from pathlib import Path

from local_cloud.github import smart_http
from local_cloud.github.api import Api
from local_cloud.github.apps import Apps
from local_cloud.github.catalogue import Catalogue
from local_cloud.github.creation import Creations
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.limits import Limits
from local_cloud.github.faults import Fault, Faults
from local_cloud.github.rights import TokenRights
from local_cloud.github.storage.lfs import LargeFiles


class Hub:
    """The bare repositories and the catalogue in ``root``, and the rules of the answers.

    While the server runs, these may be changed under ``changing``: ``faults``, ``catalogue``,
    ``apps``, ``lfs``, ``rights`` (by token; a missing one is a classic token with the scopes
    ``repo`` and ``gist``), ``creations``, ``api_headers`` (in every answer of the API), ``data``
    (issues and the like) and ``limits``. ``backend`` answers requests for git data.
    """

    scheme: str
    port: int

    def __init__(self, root: Path, faults: Iterable[Fault], backend: smart_http.Backend) -> None:
        """Serve what is below ``root``."""
        self.root = root
        self.faults = Faults(faults)
        self.apps = Apps()
        self.lfs = LargeFiles()
        self.creations = Creations()
        self.rights: dict[str, TokenRights] = {}
        self.api_headers: dict[str, str] = {}
        self.api = Api(Catalogue.load(root), self.apps)
        self.backend = backend
        self.changing = threading.Lock()
        self.closing = threading.Event()

    @property
    def catalogue(self) -> Catalogue:
        """Accounts, repositories and tokens."""
        return self.api.catalogue

    @catalogue.setter
    def catalogue(self, catalogue: Catalogue) -> None:
        self.api.catalogue = catalogue

    @property
    def data(self) -> AccountData:
        """Issues, pull requests and the like, by the repositories' ids."""
        return self.api.data

    @property
    def limits(self) -> Limits:
        """The limits of the API."""
        return self.api.limits
