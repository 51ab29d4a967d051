"""Checks by the counts of its review threads that all comments on a pull request's code are saved.

If a comment is deleted while a paged list is read, the list may skip a later comment, and no date
shows that afterwards.
"""

from collections.abc import Callable

from repo_backup.hosts.github.data.repository import RepositoryRead
from repo_backup.runtime.errors import RepositoryError

Reread = Callable[[int, str, str], None]
"""Reads a list of the item with this number, at a path below the repository, into a field."""


def compare_threads(data: RepositoryRead, path: str, reread: Reread) -> None:
    """Read the comments of a pull request again if its threads count more than are saved.

    Does nothing for an issue. Raises InterruptedRunError.
    """
    document = data.documents.get(path) or {}
    if not path.startswith("pulls/") or type(number := document.get("number")) is not int:
        return
    threads = data.alive(path, document, "review_thread_nodes")
    totals = [(each.get("comments") or {}).get("totalCount") for each in threads]
    counted = sum(total for total in totals if type(total) is int)
    if counted > len(data.alive(path, document, "comment_data")):
        try:
            reread(number, f"/pulls/{number}/comments", "comment_data")
        except RepositoryError as error:
            data.along("review_comments", error)
