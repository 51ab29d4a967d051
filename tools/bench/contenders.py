"""Who is measured, and the command of each."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tools.bench.corpus import OWNER, TOKEN
from tools.bench.environments import python
from tools.bench.standins.servers import Servers

BUCKET = "benchmark"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Place:
    """Where a contender runs: the servers, a directory of its own, the rivals' programs."""

    servers: Servers
    work: Path
    programs: Path


@dataclass(frozen=True)
class Contender:
    """A name for the table, and the command for its n-th run at a place."""

    name: str
    command: Callable[[Place, int], list[str]]


def _limit(place: Place, number: int) -> list[str]:
    return [str(python()), str(HERE / "limit.py"), OWNER, BUCKET, str(place.work / "known.json")]


def _ours(place: Place, number: int, prefix: str = "ours") -> list[str]:
    to = ["--destination", f"s3://{BUCKET}/{prefix}", "--run-id", f"r{number:06d}"]
    return [str(python()), "-m", "repo_backup", "backup", "--owner", OWNER, *to]


def _ours_undrilled(place: Place, number: int) -> list[str]:
    return [*_ours(place, number, "undrilled"), "--no-drill"]


def _seed(place: Place, number: int) -> list[str]:
    return ["bash", str(HERE / "seed.sh"), OWNER, BUCKET, str(place.work / "seed")]


def _python_github_backup(place: Place, number: int) -> list[str]:
    host = urlsplit(place.servers.api_url).netloc
    out = place.work / "github-backup"
    fetch = [str(place.programs / "github-backup"), OWNER, "--github-host", host, "-o", str(out)]
    fetch += ["--token", TOKEN, "--repositories", "--wikis", "--bare"]
    sync = [str(place.programs / "aws"), "s3", "sync", str(out), f"s3://{BUCKET}/github-backup"]
    script = f"{shlex.join(fetch)} && {shlex.join([*sync, '--only-show-errors'])}"
    return ["bash", "-c", script]


OURS = Contender("repo_backup", _ours)
UNDRILLED = Contender("repo_backup without its drill", _ours_undrilled)
LIMIT = Contender("the limit", _limit)
SEED = Contender("the seed's script", _seed)
RIVAL = Contender("python-github-backup + aws s3 sync", _python_github_backup)
RIVALS = (SEED, RIVAL)
MARKING = (OURS, UNDRILLED)
