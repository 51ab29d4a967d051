"""Damaged documents are named as they are met: the first few, and how many more there were."""

import logging
from types import TracebackType

from repo_backup.runtime.errors import said

MOST_NAMED = 20
log = logging.getLogger(__name__)


class LeftOut:
    """Names each damaged document once, on leaving how many it did not name.

    ``named`` are the keys of those that were named before.
    """

    def __init__(self, named: set[str] | None = None) -> None:
        self._named = set() if named is None else named
        self._told = 0

    def __enter__(self) -> "LeftOut":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sum_up()

    def sum_up(self) -> None:
        """Say how many more there were than were named."""
        if self._told > MOST_NAMED:
            log.warning("%d more documents are left out", self._told - MOST_NAMED)

    def tell(self, key: str, error: Exception, therefore: str = "") -> None:
        """This one is left out, for this reason; ``therefore`` is what follows from it."""
        if key in self._named:
            return
        self._named.add(key)
        self._told += 1
        if self._told <= MOST_NAMED:
            log.warning("%s is left out%s: %s", said(key), therefore, error)
