"""Checks the values of options, with messages that suggest a correction."""

import argparse
import re
from pathlib import Path

from backup_contract.documents.fields import RUN_ID
from backup_contract.evidence import is_prefix
from backup_contract.github_names import OWNER, REPOSITORY
from backup_contract.moments import day
from backup_contract.object_keys import RUNS

ITEMS = ("issues", "pulls", "discussions", "releases")
"""The lists of ``show``."""
_OWNER = re.compile(OWNER)
_STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}|arn:[A-Za-z0-9:/_-]+")
_REPOSITORY = re.compile(rf"{REPOSITORY}(~[0-9]+)?")
"""``~ID`` names a repository whose name another one has now."""
_PATTERN = re.compile(r"(?=.*[*?\[])[A-Za-z0-9_.*?!\[\]-]+/[A-Za-z0-9_.*?!\[\]~-]+")


def store(text: str) -> str:
    """A directory or ``s3://BUCKET[/PREFIX]``."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty; name a directory or s3://BUCKET")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", text) and not re.match(r"s3://[^/]", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither s3://BUCKET[/PREFIX] nor a directory"
        )
    if not text.startswith("s3://"):
        path = Path(text).expanduser()
        if path.exists() and not path.is_dir():
            raise argparse.ArgumentTypeError(f"{text!r} is a file; name a directory or s3://BUCKET")
    return text


def source(text: str) -> str:
    """A :func:`store` that exists, as far as can be checked without a request."""
    if not store(text).startswith("s3://") and not Path(text).expanduser().exists():
        where = "an existing directory or s3://BUCKET"
        raise argparse.ArgumentTypeError(f"there is no directory {text!r}; name {where}")
    return text


def not_empty(text: str) -> str:
    """Text that is not empty or blank, which a script leaves if a variable is not set."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def stack(text: str) -> str:
    """The name of a stack, or its ARN."""
    if not _STACK.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the name of a stack: letters, digits and hyphens, a letter first"
        )
    return text


def owners(text: str) -> list[str]:
    """Account names separated by commas, each as in ``https://github.com/NAME``."""
    return [owner(each.strip()) for each in text.split(",")]


def owner(text: str) -> str:
    """An account name, as in ``https://github.com/NAME``."""
    if _OWNER.fullmatch(text):
        return text
    if _REPOSITORY.fullmatch(text) and "." not in text.partition("/")[0]:
        name = text.partition("/")[0]
        raise argparse.ArgumentTypeError(
            f"{text!r} is a repository; give its owner, and narrow the run: "
            f"--owner {name} --only {text}"
        )
    address = re.fullmatch(r"(?:https?://)?[\w.-]+/([\w-]+)(?:/.*)?|@([\w-]+)", text)
    meant = f"; use only the name: {address[1] or address[2]}" if address else ""
    raise argparse.ArgumentTypeError(f"{text!r} is not an account name{meant}")


def restorable(text: str) -> str:
    """A value of ``repositories``, or ``OWNER`` for an account's own data."""
    return text if _OWNER.fullmatch(text) else repositories(text)


def run_id(text: str) -> str:
    """A run id, which becomes part of a key and of a path."""
    if not RUN_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a run id")
    return text


def point_in_time(text: str) -> str:
    """A run id, or a day such as ``2026-11-27``."""
    remedy = "give the name of a run, or a date such as 2026-11-27"
    try:
        day(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a valid date; {remedy}") from error
    if not RUN_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a run nor a date; {remedy}")
    return text


def evidence(text: str) -> str:
    """``runs/RUN_ID/attempts/ROLE_ID:INSTANCE_ID/``."""
    if not is_prefix(text, text.removeprefix(RUNS).partition("/")[0]):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not runs/RUN_ID/attempts/ROLE_ID:INSTANCE_ID/"
        )
    return text


def repository(text: str) -> str:
    """``OWNER/REPO``."""
    if _REPOSITORY.fullmatch(text):
        return text
    address = re.fullmatch(
        r"(?:https?://[^/]+/|[^/]*@[^/]+:)([\w-]+/[\w.-]+?)(?:\.git)?/?(?:[?#].*)?", text
    )
    meant = f"\ndid you mean {address[1]}?" if address else ""
    raise argparse.ArgumentTypeError(f"{text!r} is not OWNER/REPO{meant}")


def item(text: str) -> str:
    """A kind of item, or a number with or without a ``#``."""
    number = re.fullmatch(r"#?0*([1-9][0-9]{0,17})", text, re.ASCII)
    if number:
        return number[1]
    if text not in ITEMS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a number nor one of {', '.join(ITEMS)}"
        )
    return text


def repositories(text: str) -> str:
    """``OWNER/REPO``, or a pattern such as ``OWNER/*``."""
    return text if _PATTERN.fullmatch(text) else repository(text)


def directory(text: str) -> Path:
    """A directory on this machine, which need not exist."""
    if not text.strip() or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a directory on this machine")
    path = Path(text).expanduser()
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file; name a directory")
    return path
