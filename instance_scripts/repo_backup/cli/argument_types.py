"""What an option's word must look like, and what to say when it does not."""

import argparse
import re
from pathlib import Path

from backup_contract.documents.fields import RUN_ID
from backup_contract.evidence import is_prefix
from backup_contract.github_names import OWNER, REPOSITORY
from backup_contract.moments import day
from backup_contract.object_keys import RUNS

ITEMS = ("issues", "pulls", "discussions", "releases")
"""What ``show`` lists."""
_OWNER = re.compile(OWNER)
_REPOSITORY = re.compile(rf"{REPOSITORY}(~[0-9]+)?")
"""``~ID`` where another repository has the name now."""
_PATTERN = re.compile(r"(?=.*[*?\[])[A-Za-z0-9_.*?!\[\]-]+/[A-Za-z0-9_.*?!\[\]~-]+")


def store(text: str) -> str:
    """A directory or ``s3://BUCKET[/PREFIX]``."""
    if not text:
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
    """A :func:`store` that is there, as far as that can be seen without asking anybody."""
    if not store(text).startswith("s3://") and not Path(text).expanduser().exists():
        where = "a directory that is there, or s3://BUCKET"
        raise argparse.ArgumentTypeError(f"there is no directory {text!r}; name {where}")
    return text


def owners(text: str) -> list[str]:
    """Accounts' names with commas between, each as in ``https://github.com/NAME``."""
    return [owner(each.strip()) for each in text.split(",")]


def owner(text: str) -> str:
    """An account's name, as in ``https://github.com/NAME``."""
    if _OWNER.fullmatch(text):
        return text
    if _REPOSITORY.fullmatch(text) and "." not in text.partition("/")[0]:
        name = text.partition("/")[0]
        raise argparse.ArgumentTypeError(
            f"{text!r} is a repository; give its owner, and narrow the run: "
            f"--owner {name} --only {text}"
        )
    address = re.fullmatch(r"(?:https?://)?[\w.-]+/([\w-]+)(?:/.*)?|@([\w-]+)", text)
    meant = f"; give the name alone: {address[1] or address[2]}" if address else ""
    raise argparse.ArgumentTypeError(f"{text!r} is not an account's name{meant}")


def restorable(text: str) -> str:
    """What ``repositories`` takes, or ``OWNER`` of whose own data there is an archive."""
    return text if _OWNER.fullmatch(text) else repositories(text)


def run_id(text: str) -> str:
    """A run's name: part of a key, and of a path."""
    if not RUN_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a run id")
    return text


def point_in_time(text: str) -> str:
    """A run's name, or a day such as ``2026-11-27``."""
    remedy = "give the name of a run, or a date such as 2026-11-27"
    try:
        day(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day of any year; {remedy}") from error
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
    """A kind of item, or a number with or without a hash."""
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
    """A directory on this machine that need not exist yet."""
    if not text or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no directory of this machine")
    path = Path(text).expanduser()
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file; name a directory")
    return path
