"""The README's pictures: what a terminal shows, and the mail, as they come out of a real run.

``python -m local_cloud.pictures`` starts an embedded cloud, deploys, runs, and writes
``docs/images/*.svg``; ``make pictures`` calls it.
"""

import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from local_cloud import stack as stacks
from local_cloud.github import CORPUS_OWNER, CORPUS_TOKEN, GitHubStandIn, build_corpus
from local_cloud.session import ROOT, Session, neutralise
from local_cloud.stack import Stack

IMAGES = ROOT / "docs" / "images"
STACK_NAME = "onlinebackup"
TOKEN_PARAMETER = "/onlinebackup/token"
_COLUMNS = 110
_FONTS = re.compile(r"@font-face \{.*?\}", re.S)
"""Rich's SVG would load its font from the network; any monospaced one will do."""


def main() -> None:
    """Make both pictures."""
    neutralise(os.environ)
    with Session() as session:
        root = session.directory / "github"
        build_corpus(root)
        with GitHubStandIn(root) as hub:
            session.client("ssm").put_parameter(
                Name=TOKEN_PARAMETER, Type="SecureString", Value=CORPUS_TOKEN
            )
            stacks.build(session)
            stack = Stack.deploy(
                session,
                STACK_NAME,
                {
                    "GitHubOwner": CORPUS_OWNER,
                    "GitHubApiUrl": hub.api_url,
                    "GitHubTokenParameter": TOKEN_PARAMETER,
                    "NotificationEmail": "you@example.com",
                },
            )
            source = ("--source", f"s3://{stack.bucket}")
            commands = (
                ("run-now",),
                ("status", *source),
                ("restore", f"{CORPUS_OWNER}/hello", *source, "--into", "restored"),
            )
            shown = [part for command in commands for part in _session(session, command)]
            _picture("shell", "onlinebackup", shown)
            mail = stack.mails()[-1]
            subject = Text(f"Subject: {mail['subject']}\n", style="bold")
            _picture("mail", "you@example.com", [subject, Text(mail["body"].rstrip())])


def _session(session: Session, command: Sequence[str]) -> list[Text]:
    """A command as typed, and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "repo_backup", *command],
        cwd=session.directory,
        env={**session.environment(), "PYTHONPATH": str(ROOT / "instance_scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    message = done.stdout.replace(f"{session.directory}/", "")
    lines = "\n".join(line.rstrip() for line in message.rstrip().splitlines())
    typed = Text(f"$ repo-backup {' '.join(command)}", style="bold green")
    return [typed, Text(f"{lines}\n")]


def _picture(name: str, title: str, parts: Sequence[Text]) -> None:
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    for part in parts:
        console.print(part, highlight=False)
    svg = console.export_svg(title=title, theme=SVG_EXPORT_THEME, unique_id=name)
    path: Path = IMAGES / f"{name}.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_FONTS.sub("", svg))


if __name__ == "__main__":
    main()
