"""``make bench PART=histories BENCH_OPTIONS="DIRECTORY …"``: a year of weekly changes, in a folder.

Each DIRECTORY is a bare repository of a real project. The last 52 weeks of its default branch are
replayed, one run each: this program with the options that users have, but for the restore drill,
fetches from the embedded GitHub and stores in a folder. Writes ``results/histories.md``.
"""

import argparse
import os
import sys
import tempfile
import zipfile
from itertools import pairwise
from pathlib import Path

from local_cloud.github import Catalogue, GitHubStandIn, Repository
from tools.bench.corpus import OWNER, TOKEN
from tools.bench.environments import ROOT, python
from tools.bench.histories.replay import (
    Counting,
    Served,
    files,
    first_parents,
    most_bytes,
    packed_change,
    weekly_tips,
)
from tools.bench.histories.year import Run, Year, table
from tools.bench.measure import exit_on_sigterm, measure

RESULTS = Path(__file__).parents[1] / "results" / "histories.md"
_NAME = "history"
_ARCHIVE = f"github_backups/{OWNER}/{_NAME}.zip"
_UNCHANGED_RUNS = 5
_TOLD = (".idx", ".types", ".history")


class _Program:
    """The program, run over one repository of a stand-in into a folder."""

    def __init__(self, hub: GitHubStandIn, counting: Counting, work: Path) -> None:
        self.counting, self.work, self.number = counting, work, 0
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "GITHUB_API_URL": hub.api_url,
            "GITHUB_TOKEN": TOKEN,
            "PYTHONPATH": str(ROOT / "instance_scripts"),
            "TMPDIR": str(work),
        }

    def run(self, folder: Path) -> Run:
        """Back up once. Raises SystemExit with the program's output if that fails."""
        self.number += 1
        before, fetched = files(folder), self.counting.bytes
        to = ["--destination", str(folder), "--run-id", f"r{self.number:06d}", "--no-drill"]
        command = [str(python()), "-m", "repo_backup", "backup", "--owner", OWNER, *to]
        sample = measure(command, self.environment, self.work / "log")
        if sample.exit_code:
            raise SystemExit((self.work / "log").read_text()[-2000:])
        after = files(folder)
        stored = sum(each[0] for path, each in after.items() if before.get(path) != each)
        return Run(self.counting.bytes - fetched, stored, sample.cpu_seconds)


def main() -> int:
    """Replay each history and write the table; 1 when a change costs more than it may."""
    parser = argparse.ArgumentParser(prog="make bench PART=histories", description=__doc__)
    parser.add_argument("histories", nargs="+", metavar="[NAME=]DIRECTORY")
    parser.add_argument("--weeks", type=int, default=52)
    options = parser.parse_args()
    exit_on_sigterm()
    years = []
    for given in options.histories:
        name, _, directory = given.rpartition("=")
        path = Path(directory)
        years.append(_replay(name or path.stem, path, options.weeks))
        text = table(years, options.weeks, (__doc__ or "").partition("\n\n")[2])
        RESULTS.write_text(text)
    print(text)
    return int(any(year.worst_share > 1 for year in years))


def _replay(name: str, history: Path, weeks: int) -> Year:
    tips = weekly_tips(first_parents(history), weeks)
    with tempfile.TemporaryDirectory(prefix="benchmark.") as room:
        work, root = Path(room), Path(room, "hub")
        served = Served(root / OWNER / f"{_NAME}.git", history)
        served.move_to(tips[0])
        catalogue = Catalogue(tokens={TOKEN: OWNER})
        catalogue.add(Repository(1, OWNER, _NAME))
        catalogue.save(root)
        counting = Counting()
        with GitHubStandIn(root, backend=counting.open) as hub:
            program = _Program(hub, counting, work)
            folder = work / "year"
            first = program.run(folder)
            archive = folder / _ARCHIVE
            year = Year(name, first, archive.stat().st_size, _answer(archive))
            for old, new in pairwise(tips):
                served.move_to(new)
                run = program.run(folder)
                if old == new:
                    year.unchanged.append(run)
                    continue
                year.changed.append(run)
                year.bounds.append(most_bytes(*packed_change(served.path, old, new)))
                print(f"{name}: {run}, may be {year.bounds[-1]}", flush=True)
            year.unchanged += [program.run(folder) for _ in range(_UNCHANGED_RUNS)]
            program.run(work / "whole")
            year.whole_bytes = (work / "whole" / _ARCHIVE).stat().st_size
    return year


def _answer(archive: Path) -> int:
    """How much of an archive every change reads: what tells which objects it has."""
    with zipfile.ZipFile(archive) as opened:
        return sum(x.compress_size for x in opened.infolist() if x.filename.endswith(_TOLD))


if __name__ == "__main__":
    sys.exit(main())
