"""Logs the documents that are ignored because they are damaged, up to a limit."""

import logging
from types import TracebackType

from backup_contract.text import one_line

MOST_NAMED = 20
log = logging.getLogger(__name__)


class IgnoredDocuments:
    """Logs each ignored document once, up to ``MOST_NAMED``; at the end, how many more there were.

    ``named`` are the keys that were logged before.
    """

    def __init__(self, named: set[str] | None = None) -> None:
        self._named = set() if named is None else named
        self._named_count = 0

    def __enter__(self) -> "IgnoredDocuments":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.log_rest()

    def log_rest(self) -> None:
        """Log how many documents were ignored beyond the limit."""
        if self._named_count > MOST_NAMED:
            log.warning("%d more documents are ignored", self._named_count - MOST_NAMED)

    def add(self, key: str, error: Exception, consequence: str = "") -> None:
        """Log that the document at ``key`` is ignored because of ``error``."""
        if key in self._named:
            return
        self._named.add(key)
        self._named_count += 1
        if self._named_count <= MOST_NAMED:
            log.warning("%s is ignored%s: %s", one_line(key), consequence, error)
