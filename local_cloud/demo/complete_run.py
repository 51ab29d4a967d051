"""``make demo``: one complete run, from ``sam build`` to the mail and a restored repository."""

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Console

from backup_contract.github_names import CREDENTIAL, OWNER
from local_cloud import stack as stacks
from local_cloud.demo.asking import ask
from local_cloud.demo.console import Step, show, step_on
from local_cloud.demo.restored_kinds import names_to_restore, restore_each
from local_cloud.github import CORPUS_OWNER, CORPUS_TOKEN, Gists, GitHubStandIn, build_corpus
from local_cloud.github.data import fill_corpus
from local_cloud.github.gists import fill_gists
from local_cloud.session import ROOT, Session, SessionError
from local_cloud.stack import Stack

STACK_NAME = "online-backup"
MAIL_ADDRESS = "you@example.com"
TOKEN_PARAMETER = "/online-backup/token"
REAL_API_URL = "https://api.github.com"
RUN_SECONDS = 1800
_MOST_ASKED = 5
"""How many repositories are searched for an issue to show: a real account may have thousands."""
PAGE = ROOT / ".demo" / "page"
"""Where the demo leaves the page; the next demo replaces it, ``make clean`` removes it."""


@dataclass(frozen=True, slots=True)
class Source:
    """The account to back up, its API's address, its token (may be empty) and options."""

    owner: str
    api_url: str
    token: str
    options: str = ""


class Demo:
    """The steps of the demo; each prints what it does and how long that took."""

    def __init__(self, console: Console) -> None:
        """Print on ``console``."""
        self._console = console
        self._hub: GitHubStandIn | None = None
        self.step = partial(step_on, console)

    def run(self, owner: str) -> None:
        """Run all steps. Raises :class:`SessionError` if one fails."""
        if owner:
            with self.step(f"Ask GitHub about {owner}") as step:
                reported = ask(owner, REAL_API_URL, os.environ.get("GITHUB_TOKEN", ""))
                step.remark = f": {reported}"
        with contextlib.ExitStack() as cleanup:
            session = self._open(cleanup)
            source = self._source(owner, session, cleanup)
            stack = self._set_up(session, source)
            answer = self._launch(stack)
            with self.step(f"Instance {answer['instance_id']} runs its user data") as step:
                self._watch(stack, answer["run_id"], step)
            self._show_mail(stack)
            self._show_bucket(stack)
            self._check(stack, answer["run_id"])
            self._restore(stack, answer["run_id"], source)
            self._restore_files(stack, answer["run_id"])
            self._show_issue(stack, answer["run_id"])
            self._write_page(stack)

    def _open(self, cleanup: contextlib.ExitStack) -> Session:
        with self.step("Start the embedded cloud") as step:
            session = cleanup.enter_context(Session())
            step.remark = f" at {session.url}"
        return session

    def _set_up(self, session: Session, source: Source) -> Stack:
        with self.step("sam build"):
            stacks.build(session)
        with self.step("sam deploy") as step:
            stack = self._deploy(session, source)
            step.remark = f" of stack {stack.name}, bucket {stack.bucket}"
        return stack

    def _launch(self, stack: Stack) -> dict[str, Any]:
        with self.step("Invoke the launcher with {}") as step:
            answer = stack.start()
            if answer.get("status") != "launched":
                raise SessionError("Nothing was launched.", json.dumps(answer, indent=2))
            step.remark = (
                f" → {answer['market']} {answer['instance_type']} in {answer['zone']}"
                f" at {answer['usd_per_hour']} USD/h"
            )
        return answer

    def _source(self, owner: str, session: Session, cleanup: contextlib.ExitStack) -> Source:
        if owner:
            return Source(owner, REAL_API_URL, os.environ.get("GITHUB_TOKEN", ""))
        with self.step("Serve a stand-in for GitHub") as step:
            root = session.directory / "github"
            build_corpus(root, history=ROOT if _has_whole_history() else None)
            hub = cleanup.enter_context(GitHubStandIn(root))
            fill_corpus(hub.catalogue, hub.data, hub.api_url)
            fill_gists(Gists(root, hub.data))
            self._hub = hub
            step.remark = f" at {hub.api_url}, account {CORPUS_OWNER}"
        return Source(CORPUS_OWNER, hub.api_url, CORPUS_TOKEN, "--lfs")

    def _deploy(self, session: Session, source: Source) -> Stack:
        parameters = {
            "GitHubOwner": source.owner,
            "NotificationEmail": MAIL_ADDRESS,
            "GitHubApiUrl": source.api_url,
            "BackupOptions": source.options,
        }
        if source.token:
            session.client("ssm").put_parameter(
                Name=TOKEN_PARAMETER, Type="SecureString", Value=source.token
            )
            parameters["GitHubTokenParameter"] = TOKEN_PARAMETER
        return Stack.deploy(session, STACK_NAME, parameters)

    def _watch(self, stack: Stack, run_id: str, step: Step) -> None:
        """Follow the instance until it is terminated."""

        def ended() -> dict[str, Any] | None:
            instance = stack.instances()[-1]
            step.say(_progress(stack, run_id) or instance["state"])
            return instance if instance["state"] == "terminated" else None

        instance = stack.session.wait_for("the instance to end", ended, RUN_SECONDS)
        step.remark = f" and ended: {instance['reason']}"

    def _show_mail(self, stack: Stack) -> None:
        with self.step("Terminated event → reporter → mail"):
            mail = stack.session.wait_for(
                "the mail", lambda: next(iter(stack.mails()), None), seconds=120
            )
        self._console.rule(f"Mail to {mail['address']}")
        self._print(f"Subject: {mail['subject']}\n\n{mail['body'].rstrip()}")

    def _show_bucket(self, stack: Stack) -> None:
        self._console.rule(f"s3://{stack.bucket}/")
        for key, size in stack.objects().items():
            self._print(f"{size:>12,}  {key}")
        self._console.rule()

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)

    def _check(self, stack: Stack, run_id: str) -> None:
        """Raise :class:`SessionError` if the run did not back anything up."""
        verdict = json.loads(stack.read(f"runs/{run_id}/report.json"))["verdict"]
        if verdict not in ("verified", "partial"):
            raise SessionError(f"The run's verdict is {verdict}.", stack.instances()[-1]["console"])

    def _restore(self, stack: Stack, run_id: str, source: Source) -> None:
        """Restore the backed-up repository with the most refs and show its history."""
        manifest = json.loads(stack.read(f"runs/{run_id}/manifest.json"))
        archived = [each for each in manifest["repositories"] if each["archive"]]
        if not archived:
            raise SessionError("No repository was archived.", stack.log(run_id))
        chosen = max(archived, key=lambda each: (each["name"] == "online-backup", each["refs"]))
        name = f"{chosen['owner']}/{chosen['name']}"
        with self.step(f"Restore {name} from {chosen['archive']['key']}"):
            mirror = stack.restore(name, stack.session.directory / "restored")
        log = subprocess.run(
            ["git", "-C", mirror, "log", "--oneline", "--all", "-10"],
            capture_output=True,
            text=True,
            check=True,
        )
        self._console.print(f"[bold]git log --oneline --all[/] of the restored {name}:")
        self._print(log.stdout.rstrip())

    def _restore_files(self, stack: Stack, run_id: str) -> None:
        """Restore LFS objects, release assets, attachments and a gist."""
        manifest = json.loads(stack.read(f"runs/{run_id}/manifest.json"))
        names = names_to_restore(manifest)
        if not names:
            return
        folder = stack.session.directory / "restored-files"
        with self.step(f"Restore {', '.join(names)} with what is not in git"):
            lines = list(restore_each(stack, names, folder))
        for line in lines:
            self._print(line)

    def _show_issue(self, stack: Stack, run_id: str) -> None:
        """Show the issue with the most comments of the first repository that has one saved."""
        manifest = json.loads(stack.read(f"runs/{run_id}/manifest.json"))
        saved = [
            each for each in manifest["repositories"] if (each.get("data") or {}).get("archive")
        ]
        for name in [f"{each['owner']}/{each['name']}" for each in saved[:_MOST_ASKED]]:
            issues = json.loads(stack.show(name, "issues", "--json"))["items"]
            if not issues:
                continue
            number = max(issues, key=lambda each: each["comments"])["name"]
            with self.step(f"Read issue {number} of {name} in the backup"):
                text = stack.show(name, number)
            self._console.print(f"[bold]repo-backup show {name} {number.lstrip('#')}[/]:")
            self._print(text.rstrip())
            return

    def _write_page(self, stack: Stack) -> None:
        """Write the page about all runs, which outlives the demo."""
        with self.step("Write the page about all runs"):
            page = stack.report(PAGE)
        self._console.print("[bold]Open it in a browser[/] (its bucket is gone with this demo):")
        self._print(page.as_uri())


def _progress(stack: Stack, run_id: str) -> str:
    key = stack.latest(run_id, "progress.json")
    if not key:
        return ""
    progress = json.loads(stack.read(key))
    return f"{progress['phase']}, {progress['done']} of {progress['listed']} repositories"


def _has_whole_history() -> bool:
    """Whether this checkout is a git repository that is not shallow, so that it can be cloned."""
    asked = subprocess.run(
        ["git", "rev-parse", "--is-shallow-repository"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() == "false"


def account(text: str) -> str:
    """The name of an account, or an empty text. A token in its place is not shown."""
    if not text or (re.fullmatch(OWNER, text) and not re.match(CREDENTIAL, text)):
        return text
    raise argparse.ArgumentTypeError(
        "name an account, the NAME in https://github.com/NAME; a token goes into GITHUB_TOKEN"
    )


def main() -> int:
    """Run the demo; its exit code."""
    parser = argparse.ArgumentParser(
        prog="make demo", description=__doc__, usage="make demo [OWNER=NAME]"
    )
    parser.add_argument(
        "--owner", default="", type=account, help="back up this account of the real GitHub"
    )
    arguments = parser.parse_args()
    return show(lambda console: Demo(console).run(arguments.owner), left="but the page")


if __name__ == "__main__":
    sys.exit(main())
