"""What an option's word must look like, and what to say when it does not."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path


def store(text: str) -> str:
    """A directory or ``s3://BUCKET[/PREFIX]``."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty; name a directory or s3://BUCKET")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", text) and not re.match(r"s3://[^/]", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither s3://BUCKET[/PREFIX] nor a directory"
        )
    if not text.startswith("s3://") and Path(text).exists() and not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file; name a directory or s3://BUCKET")
    return text


def directory(text: str) -> Path:
    """A directory on this machine that need not exist yet."""
    if not text or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no directory of this machine")
    path = Path(text).expanduser()
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file; name a directory")
    return path


def matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    """A word that the pattern matches; ``what`` names it for people."""

    def convert(text: str) -> str:
        if not pattern.fullmatch(text):
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return text

    return convert
