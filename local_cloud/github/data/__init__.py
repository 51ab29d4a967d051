"""An account's data beyond git, as GitHub serves it: issues, reviews, releases, settings.

``model`` has the objects, ``maker`` creates an account of any size, ``edits`` changes it as users
do. ``rest`` and ``graphql`` serve it within ``limits``. All data is in memory.
"""

from local_cloud.github.data.account import AccountData, RepositoryData
from local_cloud.github.data.corpus import fill_corpus
from local_cloud.github.data.edits import Editor
from local_cloud.github.data.limits import Limits
from local_cloud.github.data.maker import Size, fill, make

__all__ = [
    "AccountData",
    "Editor",
    "Limits",
    "RepositoryData",
    "Size",
    "fill",
    "fill_corpus",
    "make",
]
