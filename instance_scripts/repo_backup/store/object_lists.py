"""Maintains the list of the binaries that a chain refers to. It is stored beside the chain."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from backup_contract import object_keys as layout
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.object_list import (
    MOST_BYTES,
    ObjectListRef,
    object_lines,
    read_object_list,
)
from repo_backup.runtime.errors import ConflictError, RepositoryError, TransientError
from repo_backup.runtime.retry import RetryPolicy
from repo_backup.store.base import Store, Tagged
from repo_backup.store.chains import MOST_VERSIONS, current_of, versions_of


def object_list_key(result: ItemResult) -> str | None:
    """The key of the list of the binaries that the result's archive refers to."""
    archive = result.archive
    if archive is None:
        return None
    return layout.object_list(archive.key, layout.chain_id(archive.sha256))


def with_object_list(
    store: Store,
    retry_policy: RetryPolicy,
    result: ItemResult,
    earlier: ItemResult | None,
    saved: Mapping[str, int] | None,
) -> ItemResult:
    """Write the list of the ``saved`` binaries beside the chain; the result, which names it.

    ``earlier`` is the earlier result of the archive that was grown. If nothing is saved, returns
    the result unchanged. Raises RepositoryError.
    """
    key = object_list_key(result)
    if not saved or key is None:
        return result
    before = earlier.object_list if earlier and object_list_key(earlier) == key else None
    written = write_object_list(store, retry_policy, key, saved, before)
    warnings = (*result.warnings, *((written.warning,) if written.warning else ()))
    return replace(result, object_list=written.ref, warnings=warnings)


@dataclass(frozen=True)
class WrittenList:
    """The list as the manifest names it; ``warning`` reports one that was lost or damaged."""

    ref: ObjectListRef
    warning: str | None = None


def write_object_list(
    store: Store,
    retry_policy: RetryPolicy,
    key: str,
    sizes: Mapping[str, int],
    earlier: ObjectListRef | None,
) -> WrittenList:
    """Add the saved objects to the list at ``key``; ``sizes`` maps SHA-256 to size in bytes.

    ``earlier`` is the list as the previous manifest names it. Existing lines stay at the beginning.
    A list that does not begin with ``earlier`` is replaced. Makes one request if there is nothing
    to add. Raises RepositoryError, also if another writer got in between.
    """
    found = retry_policy.call(lambda: store.read_tagged(key))
    fault = _fault(found, earlier, sizes)
    before = found.data if found and not fault else b""
    listed = read_object_list(before)
    data = before + object_lines({each: sizes[each] for each in sizes if each not in listed})
    if len(data) > MOST_BYTES:
        raise RepositoryError(f"{key} would have {len(data)} bytes, {MOST_BYTES} at most")
    if found is None or data != found.data:
        _write(store, retry_policy, key, data, found.tag if found else None)
    warning = f"{key} {fault}: it is written again" if fault else None
    return WrittenList(ObjectListRef.of(data), warning)


def _write(store: Store, retry_policy: RetryPolicy, key: str, data: bytes, tag: str | None) -> None:
    try:
        retry_policy.call(lambda: store.write_if(key, data, tag))
    except ConflictError as error:
        # The response to an earlier try may have been lost: then this list is stored.
        if store.read(key) != data:
            raise RepositoryError(str(error)) from error
    except TransientError as error:
        raise RepositoryError(str(error)) from error


def _fault(found: Tagged | None, earlier: ObjectListRef | None, sizes: Mapping[str, int]) -> str:
    """Why nothing can be added to the stored list; empty if it can. Pure."""
    if found is None:
        return "was missing" if earlier else ""
    try:
        listed = read_object_list(found.data)
    except DamagedError:
        return "was damaged"
    if earlier and not earlier.confirms(found.data):
        return "differed from what the previous run wrote"
    if any(sizes.get(sha256, size) != size for sha256, size in listed.items()):
        return "named wrong sizes"
    return ""


def check_object_list(
    store: Store, result: ItemResult, sizes: Mapping[str, int], *, newest: bool
) -> None:
    """Check that the list that a result names is stored, and names the binaries of its archive.

    ``sizes`` are these binaries by SHA-256 (hex). ``newest``: the list must be what the manifest
    says. A later run may have written the list of an earlier one anew: then a list of all these
    binaries will do, and an earlier version of it. Raises RepositoryError.
    """
    key = object_list_key(result)
    if key is None or result.object_list is None:
        return
    if newest:
        versions = current_of(store, key)
    else:
        versions = itertools.islice(versions_of(store, key), MOST_VERSIONS)
    fault = ""
    for data in versions:
        found = _list_fault(data, result.object_list, sizes, newest=newest)
        if not found:
            return
        fault = fault or found
    raise RepositoryError(f"{key} {fault or 'is missing'}")


def _list_fault(
    data: bytes | DamagedError, ref: ObjectListRef, sizes: Mapping[str, int], *, newest: bool
) -> str:
    """Why this is no list of these binaries; empty if it is. Pure."""
    if isinstance(data, DamagedError):
        return f"is damaged: {data}"
    is_confirmed = ref.confirms(data)
    if newest and not is_confirmed:
        return "does not match the manifest (SHA-256 differs)"
    try:
        listed = read_object_list(data[: ref.length] if is_confirmed else data)
    except DamagedError as error:
        return f"is damaged: {error}"
    lacking = sum(listed.get(sha256) != size for sha256, size in sizes.items())
    return f"lacks {lacking} of the {len(sizes)} objects of its archive" if lacking else ""
