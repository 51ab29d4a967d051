"""A repository to push to. git connects itself and gets the token only from an askpass program."""

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from backup_contract.text import one_line
from repo_backup.git.process import git_environment
from repo_backup.runtime.errors import RepositoryError, UsageError

_GIT = (
    *("git", "-c", "credential.helper=", "-c", "core.hooksPath=/dev/null"),
    *("-c", "http.followRedirects=false"),
)
_SYMBOLIC = re.compile(r"ref: (refs/heads/\S+)\tHEAD")
_MOST_LINES = 200
_USER = "x-access-token"
# git prompts "Username for 'https://HOST': ", then "Password for 'https://USER@HOST': ", with
# another host after a redirect. /dev/fd is used as not every shell knows "<&" with two digits.
_ASKPASS = """#!/bin/sh
case "$1" in
{username}*) echo {user} ;;
{password}*) cat /dev/fd/{descriptor} ;;
*) exit 1 ;;
esac
"""
_USER_VARIABLES = (
    *("SSH_AUTH_SOCK", "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"),
    "all_proxy",
)


@dataclass(frozen=True)
class Target:
    """A repository to push to. The token is only sent to the host whose API is at ``api_url``.

    ``set_default_branch`` changes the default branch, if this host's API allows that.
    """

    url: str
    token: str | None
    api_url: str
    set_default_branch: Callable[[str], None] | None = None

    def refs(self) -> dict[str, str]:
        """The object ids of all refs, by name; empty for an empty repository.

        Raises UsageError if the URL has a password, which other users could read, and
        RepositoryError with the host's message.
        """
        if urlsplit(self.url).password:
            raise UsageError("--push-to: leave the password out and give it as GITHUB_TOKEN")
        lines = self._ls_remote("--quiet", self.url)
        pairs = (line.partition("\t") for line in lines)
        return {name: oid for oid, _, name in pairs if name.startswith("refs/")}

    def head(self) -> str | None:
        """The branch that HEAD points to, or None if the host does not report it."""
        found = map(_SYMBOLIC.fullmatch, self._ls_remote("--symref", self.url, "HEAD"))
        return next((match[1] for match in found if match), None)

    def run(self, arguments: Sequence[str], directory: Path) -> subprocess.CompletedProcess[str]:
        """Run git. If the token is for this host, git gets it through a pipe that askpass reads.

        So the token is in no argument, variable or file.
        """
        offered = self.token if self.token and _belongs(self.url, self.api_url) else None
        reader, writer = os.pipe()
        with tempfile.TemporaryDirectory() as scratch:
            askpass = Path(scratch) / "askpass"
            askpass.write_text(_askpass(self.url, reader) if offered else "#!/bin/sh\nexit 1\n")
            askpass.chmod(0o700)
            os.write(writer, f"{offered or ''}\n".encode())
            os.close(writer)
            try:
                return subprocess.run(
                    (*_GIT, *arguments),
                    cwd=directory,
                    env={**_environment(), "GIT_ASKPASS": str(askpass)},
                    pass_fds=(reader,),
                    capture_output=True,
                    encoding="utf-8",
                    errors="surrogateescape",
                    check=False,
                )
            finally:
                os.close(reader)

    def output_of(self, done: subprocess.CompletedProcess[str]) -> str:
        """The messages of git and the host as indented lines, each preceded by a line feed."""
        lines = [one_line(each.strip(), None) for each in done.stderr.splitlines() if each.strip()]
        if len(lines) > _MOST_LINES:
            lines = [*lines[:_MOST_LINES], f"… and {len(lines) - _MOST_LINES} lines more"]
        if self.token and not _belongs(self.url, self.api_url):
            lines.append(f"(GITHUB_TOKEN is for {self.api_url} only)")
        return "".join(f"\n  {line}" for line in lines)

    def _ls_remote(self, *arguments: str) -> list[str]:
        done = self.run(("ls-remote", *arguments), Path.cwd())
        if done.returncode:
            raise RepositoryError(
                f"--push-to: the host refuses to list its refs:{self.output_of(done)}"
            )
        return done.stdout.split("\n")


def push_address(text: str) -> str:
    """A git URL as it is, or the absolute path of a directory. Raises UsageError."""
    if "://" in text or re.match(r"[^/]+:", text):
        return text
    path = Path(text).expanduser().resolve()
    if not path.is_dir():
        raise UsageError(f"--push-to: there is no {path}; create it with git init --bare")
    return str(path)


def _belongs(url: str, api_url: str) -> bool:
    """Whether a git URL has the same scheme and host as this API. Pure."""
    there, api = urlsplit(url), urlsplit(api_url)
    hosts = {api.netloc, api.netloc.removeprefix("api.")}
    return there.scheme == api.scheme and there.netloc.rpartition("@")[2] in hosts


def _askpass(url: str, descriptor: int) -> str:
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return _ASKPASS.format(
        username=shlex.quote(f"Username for '{parts.scheme}://{host}'"),
        password=shlex.quote(f"Password for '{parts.scheme}://{user or _USER}@{host}'"),
        user=_USER,
        descriptor=descriptor,
    )


def _environment() -> dict[str, str]:
    """The environment of a push, including the user's SSH keys, agent and proxies."""
    return {
        **git_environment(Path.home()),
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
        **{name: os.environ[name] for name in _USER_VARIABLES if name in os.environ},
    }
