"""OnlineBackup, built and deployed by the real ``sam`` into an embedded cloud."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_cloud.session import REGION, ROOT, Session, SessionError, run_tool

_SAM = str(Path(sys.prefix, "bin", "sam"))


def build(session: Session) -> None:
    """Run ``sam build`` into the session's directory, so that it does not affect other builds.

    Raises :class:`SessionError` with the end of its output.
    """
    run_tool(
        [_SAM, "build", "--build-dir", str(session.directory / "build")],
        session.environment(),
        session.directory / "sam-build.log",
    )


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack."""

    session: Session
    name: str
    outputs: Mapping[str, str]

    @classmethod
    def deploy(cls, session: Session, name: str, parameters: Mapping[str, str]) -> "Stack":
        """Run ``sam deploy`` after ``sam build``.

        Raises :class:`SessionError` with the end of its output.
        """
        run_tool(
            [
                *(_SAM, "deploy", "--stack-name", name, "--region", REGION),
                *("--template-file", str(session.directory / "build" / "template.yaml")),
                *("--config-file", str(ROOT / "samconfig.toml")),
                *("--no-progressbar", "--parameter-overrides"),
                *(f"{key}={value}" for key, value in parameters.items()),
            ],
            session.environment(),
            session.directory / "sam-deploy.log",
        )
        found = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
        return cls(session, name, outputs)

    def delete(self) -> None:
        """Run ``sam delete``. Raises :class:`SessionError` with the end of its output."""
        run_tool(
            [_SAM, "delete", "--no-prompts", "--stack-name", self.name, "--region", REGION],
            self.session.environment(),
            self.session.directory / "sam-delete.log",
        )

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.outputs["BucketName"]

    def start(self, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Invoke the launcher with ``event`` (``{}``) as the Lambda console does; its answer.

        Raises :class:`SessionError` with the function's log when it fails.
        """
        answer = self.session.client("lambda").invoke(
            FunctionName=f"{self.name}-launcher", Payload=json.dumps(event or {}).encode()
        )
        payload: dict[str, Any] = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise SessionError(
                f"The launcher failed: {payload.get('errorMessage')}", self.session.log_end()
            )
        return payload

    def instances(self) -> list[dict[str, Any]]:
        """Every instance that this stack launched, oldest first."""
        return [
            each
            for each in self.session.get("instances")
            if each["tags"].get("online-backup:stack") == self.name
        ]

    def mails(self) -> list[dict[str, str]]:
        """Every e-mail of this stack, oldest first."""
        return [mail for mail in self.session.get("mail") if f":{self.name}" in mail["topic_arn"]]

    def objects(self, prefix: str = "") -> dict[str, int]:
        """The size in bytes of every object below ``prefix``, by key."""
        pages = self.session.client("s3").get_paginator("list_objects_v2")
        return {
            item["Key"]: item["Size"]
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix)
            for item in page.get("Contents", [])
        }

    def read(self, key: str) -> bytes:
        """One object's content."""
        body: bytes = (
            self.session.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        )
        return body

    def latest(self, run_id: str, name: str) -> str:
        """The key of this document, from the run's latest attempt that has one; empty if none."""
        launch = f"runs/{run_id}/launch.json"
        if launch not in self.objects(launch):
            return ""
        attempts = json.loads(self.read(launch))["attempts"]
        keys = [f"{each['evidence']}{name}" for each in attempts]
        there = self.objects(f"runs/{run_id}/attempts/")
        return next((key for key in reversed(keys) if key in there), "")

    def log(self, run_id: str) -> str:
        """The latest log that an instance of the run saved; empty if there is none."""
        key = self.latest(run_id, "backup.log")
        return self.read(key).decode() if key else ""

    def restore(self, repository: str, folder: Path) -> Path:
        """Restore ``owner/name`` from the bucket with ``repo-backup``: the bare mirror.

        Raises :class:`SessionError` with the program's output when it fails.
        """
        self._program("restore", repository, "--into", str(folder))
        return folder / f"{repository.rpartition('/')[2]}.git"

    def restore_many(self, names: Sequence[str], folder: Path) -> None:
        """Restore repositories and gists from the bucket with ``repo-backup``, with all their
        kinds, as ``OWNER/REPO.git`` and so on.

        Raises :class:`SessionError` with the program's output when it fails.
        """
        # For a single name, the program would omit the owner's folder.
        self._program("restore", *names, *names[:1], "--into", str(folder))

    def show(self, repository: str, *words: str) -> str:
        """The output of ``repo-backup show`` for ``owner/name``'s project data in the bucket.

        Raises :class:`SessionError` with the program's output when it fails.
        """
        return self._program("show", repository, *words).read_text()

    def report(self, folder: Path) -> Path:
        """Write the page about the bucket with ``repo-backup``. Returns its path.

        Raises :class:`SessionError` with the program's output when it fails.
        """
        self._program("report", "--out", str(folder))
        return folder / "index.html"

    def _program(self, command: str, *arguments: str) -> Path:
        """Run a command. Returns the file with its output."""
        output = self.session.directory / f"{command}.log"
        environment = {**self.session.environment(), "PYTHONPATH": str(ROOT / "instance_scripts")}
        run_tool(
            [
                *(sys.executable, "-m", "repo_backup", command, *arguments),
                *("--source", f"s3://{self.bucket}"),
            ],
            environment,
            output,
        )
        return output
