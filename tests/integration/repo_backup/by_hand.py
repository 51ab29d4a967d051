"""A restore by the lines of docs/restore.md, with nothing of this program."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.integration.repo_backup.chain import mirror_tips

DOCS = Path(__file__).parents[3] / "docs/restore.md"
SHELLS = [shell for shell in ("bash", "dash", "zsh") if shutil.which(shell)]


def lines() -> tuple[str, str]:
    """What fetches an archive, and what unpacks it, as the page has it."""
    section = DOCS.read_text().partition("## Without our program")[2]
    fetch, unpack, *_ = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    names = {"BUCKET": "BUCKET", "OWNER": "octo", "REPO": "hello"}
    for placeholder, name in names.items():
        fetch, unpack = (each.replace(placeholder, name) for each in (fetch, unpack))
    return fetch, unpack


def by_hand(shell: str, commands: str, folder: Path) -> dict[str, str]:
    """The refs of what the lines restore there; they must succeed."""
    subprocess.run([shell, "-ec", commands], cwd=folder, check=True, capture_output=True)
    assert (folder / "hello/.git").is_dir()
    return mirror_tips(folder / "hello.git")
