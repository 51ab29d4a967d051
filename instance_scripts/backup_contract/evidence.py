"""The keys of the documents that an attempt writes, and that only its own instance may put. Pure.

IAM lets an instance put objects below ``attempts/${aws:userid}/``, which is its role's id, a colon,
and its own id: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html.
So the prefix tells which instance wrote a document.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from backup_contract import object_keys as layout

_ATTEMPTS = "attempts/"
_WRITER = r"[A-Za-z0-9]{1,64}:[A-Za-z0-9-]{1,64}"
_DOCUMENT, _PROGRESS, _LOG = "evidence.json", "progress.json", "backup.log"
_SHOWN = (_DOCUMENT, _PROGRESS)
M = TypeVar("M", datetime, int)


def prefix(run_id: str, role_id: str, instance_id: str) -> str:
    """The prefix of the documents that this instance writes for its attempt of the run."""
    return f"{layout.RUNS}{run_id}/{_ATTEMPTS}{role_id}:{instance_id}/"


def is_prefix(text: str, run_id: str) -> bool:
    """Whether this is the prefix of an attempt of this run. It never contains ``..``."""
    own = re.escape(f"{layout.RUNS}{run_id}/{_ATTEMPTS}")
    return re.fullmatch(f"{own}{_WRITER}/", text) is not None


def document(below: str) -> str:
    """The key of the attempt's manifest, which is a checkpoint until it is complete.

    Its name is not ``manifest.json``, so that nothing takes it for a run's published manifest.
    """
    return below + _DOCUMENT


def progress(below: str) -> str:
    """The key of the attempt's progress."""
    return below + _PROGRESS


def log(below: str) -> str:
    """The key of the instance's output."""
    return below + _LOG


def manifests(written: Iterable[tuple[str, M]]) -> dict[str, M]:
    """The runs that have a manifest, published or of an attempt, and when it was written.

    ``written`` are keys below ``runs/`` with their times. Keys below ``attempts/`` count only if
    the launcher recorded a launch, because an instance may invent a run.
    """
    published: dict[str, M] = {}
    attempted: dict[str, M] = {}
    launched: set[str] = set()
    for key, at in written:
        run_id, name = _run_and_name(key)
        if name == "manifest.json":
            published[run_id] = at
        elif name == "launch.json":
            launched.add(run_id)
        elif name == _ATTEMPTS + _DOCUMENT:
            attempted[run_id] = max(at, attempted.get(run_id, at))
    found = {run_id: attempted[run_id] for run_id in attempted.keys() & launched} | published
    return {run_id: at for run_id, at in found.items() if run_id}


def runs(keys: Iterable[str]) -> set[str]:
    """The runs that left a manifest, a report or their progress."""
    found: dict[str, set[str]] = {}
    for key in keys:
        run_id, name = _run_and_name(key)
        found.setdefault(run_id, set()).add(name)
    return {run_id for run_id, names in found.items() if run_id and _is_run(names)}


def reported(keys: Iterable[str]) -> set[str]:
    """The runs that have a report, from these keys below ``runs/``."""
    return {run_id for run_id, name in map(_run_and_name, keys) if run_id and name == "report.json"}


def _is_run(names: set[str]) -> bool:
    if names & {"manifest.json", "progress.json", "report.json"}:
        return True
    return "launch.json" in names and any(_ATTEMPTS + each in names for each in _SHOWN)


def _run_and_name(key: str) -> tuple[str, str]:
    """The run of a key, and the rest of the key. An attempt's prefix becomes ``attempts/``."""
    run_id, _, name = key.removeprefix(layout.RUNS).partition("/")
    if found := re.fullmatch(f"{_ATTEMPTS}{_WRITER}/([^/]+)", name):
        return run_id, _ATTEMPTS + found[1]
    return run_id, name
