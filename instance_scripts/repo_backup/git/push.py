"""Putting a restored mirror back: git itself connects, and learns the token by askpass alone."""

import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from repo_backup.git.process import git_environment
from repo_backup.runtime.errors import RepositoryError, UsageError, said

_REFSPECS = ("refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")
"""GitHub refuses ``refs/pull``."""
_PUSH = (
    *("git", "-c", "credential.helper=", "-c", "core.hooksPath=/dev/null"),
    *("-c", "http.followRedirects=false", "push", "--quiet"),
)
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


def push(mirror: Path, url: str, token: str | None, api_url: str) -> None:
    """Push all branches and tags to a new, empty repository.

    The token goes to the host whose API is at ``api_url`` only, through a pipe that git's askpass
    reads: it is in no argument, no variable and no file. Raises UsageError for an address with a
    password in it, which everybody could read, and RepositoryError.
    """
    if urlsplit(url).password:
        raise UsageError("--push-to: leave the password out and give it as GITHUB_TOKEN")
    offered = token if token and _belongs(url, api_url) else None
    reader, writer = os.pipe()
    with tempfile.TemporaryDirectory() as directory:
        askpass = Path(directory) / "askpass"
        askpass.write_text(_askpass(url, reader) if offered else "#!/bin/sh\nexit 1\n")
        askpass.chmod(0o700)
        os.write(writer, f"{offered or ''}\n".encode())
        os.close(writer)
        try:
            done = subprocess.run(
                (*_PUSH, url, *_REFSPECS),
                cwd=mirror,
                env={**_environment(), "GIT_ASKPASS": str(askpass)},
                pass_fds=(reader,),
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            os.close(reader)
    if done.returncode != 0:
        hint = "" if offered or not token else f" (GITHUB_TOKEN is for {api_url} only)"
        lines = "; ".join(line.strip() for line in done.stderr.splitlines() if line.strip())
        raise RepositoryError(f"git push failed: {said(lines)}{hint}")


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
