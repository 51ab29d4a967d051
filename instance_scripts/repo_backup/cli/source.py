"""The store that a command reads."""

import argparse

from repo_backup.store.base import Store
from repo_backup.store.open import open_store

CONNECTIONS = 4


def open_source(options: argparse.Namespace) -> Store:
    """Open the store that ``--source`` names."""
    return open_store(options.store, connections=CONNECTIONS)
