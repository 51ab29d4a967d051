"""``make bench PART=clones BENCH_OPTIONS="curl=DIRECTORY …"``: against ``git clone --mirror``.

Each DIRECTORY is a bare repository of a real project. This program saves it to the S3 server, with
its upload and its restore drill; git clones it from the same server and stores nothing. Each in
turn, over TLS, as often as ``--repeat`` says; a round before is not measured. Writes
``results/clones.md``.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from local_cloud.github import Catalogue, Repository
from local_cloud.github.corpus import init_repository
from tools.bench import contenders
from tools.bench.environments import ROOT, describe_machine, programs, python
from tools.bench.measure import Sample, exit_on_sigterm, measure
from tools.bench.standins import servers

RESULTS = Path(__file__).parent / "results" / "clones.md"
_ANYBODYS = ("-c", "safe.directory=*")
_TAKEN = ("refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")


def main() -> int:
    """Measure each history and write the table; 1 when a run failed."""
    parser = argparse.ArgumentParser(prog="make bench PART=clones", description=__doc__)
    parser.add_argument("histories", nargs="+", metavar="NAME=DIRECTORY")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    exit_on_sigterm()
    os.environ["PATH"] = f"{programs()}{os.pathsep}{os.environ['PATH']}"
    answer = (__doc__ or "").partition("\n\n")[2]
    lines = [
        f"# Against `git clone --mirror`\n\n{describe_machine()}. {answer}",
        "| history | MB | clone: CPU s | saved and drilled: CPU s | × | peak MB | rc |",
        "|---" * 7 + "|",
    ]
    codes: list[int] = []
    both = [0.0, 0.0]
    with tempfile.TemporaryDirectory(prefix="benchmark.") as name:
        work = Path(name)
        sizes = _account(work / "account", dict(x.split("=", 1) for x in options.histories))
        with servers.running(work / "account", work / "servers", 0) as up:
            up.s3_client().create_bucket(Bucket=contenders.BUCKET)
            for history, size in sizes.items():
                rounds = [_round(up, work, history, n) for n in range(options.repeat + 1)][1:]
                codes += [sample.exit_code for each in rounds for sample in each]
                clone, ours = (
                    median(s.cpu_seconds for s in each) for each in zip(*rounds, strict=True)
                )
                both = [both[0] + clone, both[1] + ours]
                peak = max(ours.memory_mb for _, ours in rounds)
                lines.append(
                    f"| {history} | {size / 1e6:.0f} | {clone:.2f} | {ours:.2f} "
                    f"| {ours / clone:.2f} | {peak:.0f} | {max(codes)} |"
                )
                print(lines[-1], flush=True)
    lines.append(f"| together | | {both[0]:.2f} | {both[1]:.2f} | {both[1] / both[0]:.2f} | | |")
    RESULTS.write_text("\n".join(lines) + "\n")
    return int(any(codes))


def _account(root: Path, histories: dict[str, str]) -> dict[str, int]:
    """Each history as the one repository of an owner of its name; the bytes of its pack."""
    catalogue = Catalogue()
    sizes = {}
    for number, (name, directory) in enumerate(histories.items(), 1):
        path = init_repository(root / name / f"{name}.git")
        source = Path(directory).resolve().as_uri()
        fetch = ["git", *_ANYBODYS, "fetch", "--quiet", "--no-tags", source, *_TAKEN]
        subprocess.run(fetch, cwd=path, check=True)
        show = ["git", *_ANYBODYS, f"--git-dir={directory}", "symbolic-ref", "HEAD"]
        head = subprocess.run(show, capture_output=True, text=True, check=True).stdout.strip()
        subprocess.run(["git", "symbolic-ref", "HEAD", head], cwd=path, check=True)
        sizes[name] = sum(pack.stat().st_size for pack in path.rglob("*.pack"))
        catalogue.add(Repository(number, name, name, size_kib=sizes[name] // 1024))
    catalogue.save(root)
    return sizes


def _round(up: servers.Servers, work: Path, name: str, number: int) -> tuple[Sample, Sample]:
    """What a clone takes, and what a run of this program."""
    environment = {
        **up.environment(),
        "PYTHONPATH": str(ROOT / "instance_scripts"),
        "TMPDIR": str(work),
    }
    into, log = work / "clone", work / "log"
    url = f"{up.api_url}/{name}/{name}.git"
    clone = measure(["git", "clone", "--quiet", "--mirror", url, str(into)], environment, log)
    shutil.rmtree(into, ignore_errors=True)
    to = ["--destination", f"s3://{contenders.BUCKET}/{name}-{number}"]
    command = [str(python()), "-m", "repo_backup", "backup", "--owner", name, *to]
    ours = measure(command, environment, log)
    if clone.exit_code or ours.exit_code:
        print(log.read_text()[-2000:], file=sys.stderr)
    return clone, ours


if __name__ == "__main__":
    sys.exit(main())
