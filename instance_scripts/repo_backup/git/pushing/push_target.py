"""A repository to push to: git itself connects, and learns the token by askpass alone."""

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
# git asks "Username for 'https://HOST': ", then "Password for 'https://USER@HOST': ", and names
# another host after a redirect. /dev/fd: not every shell knows "<&" with two digits.
_ASKPASS = """#!/bin/sh
case "$1" in
{username}*) echo {user} ;;
{password}*) cat /dev/fd/{descriptor} ;;
*) exit 1 ;;
esac
"""
_PERSONS = (
    *("SSH_AUTH_SOCK", "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"),
    "all_proxy",
)


@dataclass(frozen=True)
class Target:
    """A repository to push to. The token is for the host whose API is at ``api_url`` only.

    ``set_default_branch`` makes a branch the default there, where that can be done.
    """

    url: str
    token: str | None
    api_url: str
    set_default_branch: Callable[[str], None] | None = None

    def refs(self) -> dict[str, str]:
        """All refs that are there by name, none in an empty repository.

        Raises UsageError for an address with a password in it, which everybody could read, and
        RepositoryError with the host's words.
        """
        if urlsplit(self.url).password:
            raise UsageError("--push-to: leave the password out and give it as GITHUB_TOKEN")
        lines = self._asked("ls-remote", "--quiet", self.url)
        pairs = (line.partition("\t") for line in lines)
        return {name: oid for oid, _, name in pairs if name.startswith("refs/")}

    def head(self) -> str | None:
        """The branch that HEAD points to there, when the host says so."""
        found = map(_SYMBOLIC.fullmatch, self._asked("ls-remote", "--symref", self.url, "HEAD"))
        return next((match[1] for match in found if match), None)

    def run(self, arguments: Sequence[str], directory: Path) -> subprocess.CompletedProcess[str]:
        """git, which gets the token, when it is for this host, through a pipe that askpass reads.

        It is in no argument, no variable and no file.
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

    def words(self, done: subprocess.CompletedProcess[str]) -> str:
        """All that git and the host said, line by line."""
        lines = [one_line(each.strip(), None) for each in done.stderr.splitlines() if each.strip()]
        if len(lines) > _MOST_LINES:
            lines = [*lines[:_MOST_LINES], f"… and {len(lines) - _MOST_LINES} lines more"]
        if self.token and not _belongs(self.url, self.api_url):
            lines.append(f"(GITHUB_TOKEN is for {self.api_url} only)")
        return "".join(f"\n  {line}" for line in lines)

    def _asked(self, *arguments: str) -> list[str]:
        done = self.run(arguments, Path.cwd())
        if done.returncode:
            raise RepositoryError(
                f"--push-to: the host refuses to list its refs:{self.words(done)}"
            )
        return done.stdout.split("\n")


def push_address(text: str) -> str:
    """An address for git, which works elsewhere: a directory in whole. Raises UsageError."""
    if "://" in text or re.match(r"[^/]+:", text):
        return text
    path = Path(text).expanduser().resolve()
    if not path.is_dir():
        raise UsageError(f"--push-to: there is no {path}; make it with git init --bare")
    return str(path)


def _belongs(url: str, api_url: str) -> bool:
    """Whether a git address is of the host that has this API. Pure."""
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
    """For a push, which a person asks for: their SSH keys, agent and proxies as well."""
    return {
        **git_environment(Path.home()),
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
        **{name: os.environ[name] for name in _PERSONS if name in os.environ},
    }
