"""What ``sam build`` makes: the functions' artifacts and the instances' program."""

import ast
import hashlib
import importlib.util
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from local_cloud.github import CORPUS_TOKEN, GitHubStandIn, build_corpus
from local_cloud.machine import kept_bytecode
from tests.integration.situations import BAD, SITUATIONS, Folder
from tools.iam.template import ROOT

LOCKS = ["functions/requirements.txt", "instance_scripts/requirements.txt"]


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    """``functions/build.py``, which is a script and no part of a package."""
    spec = importlib.util.spec_from_file_location("build", ROOT / "functions/build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def artifacts(builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both artifacts by function."""
    folder = tmp_path_factory.mktemp("artifacts")
    for function in ("launcher", "reporter"):
        builder.build(function, folder / function)
    return {function: folder / function for function in ("launcher", "reporter")}


def packages(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if not each.name.endswith(".dist-info")}


def bare_python(artifact: Path, code: str) -> list[str]:
    """Python with nothing but the standard library and the artifact, which runs the code.

    Bytecode is kept by the content of its source, for all artifacts and all runs of the tests: to
    compile the SDK takes two seconds.
    """
    folder = ROOT / ".cache/compiled" / str(sys.implementation.cache_tag)
    folder.mkdir(parents=True, exist_ok=True)
    start = (
        "import runpy, sys\n"
        f"runpy.run_path({kept_bytecode.__file__!r})['keep']({str(folder)!r})\n"
        f"sys.path.append({str(artifact)!r})\n"
    )
    return [sys.executable, "-I", "-S", "-B", "-c", start + code]


def in_isolation(path: Path, code: str) -> str:
    """What the code prints when nothing but the artifact and the standard library is there."""
    done = subprocess.run(
        bare_python(path, code),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_build_is_written_for_cloudshells_python() -> None:
    """Python 3.9; the slow test runs it there, where it is installed."""
    script = (ROOT / "functions/build.py").read_text()
    ast.parse(script, feature_version=(3, 9))
    newer = ("tomllib", "datetime.UTC", "StrEnum", "itertools.batched", "strict=")
    assert [each for each in newer if each in script] == []


def pythons() -> dict[str, str]:
    """The path of every version of Python, 3.9 or newer, that has pip on this machine."""
    has_pip = "bool(importlib.util.find_spec('pip'))"
    ask = f"import importlib.util, sys; print(sys.version_info[:2], {has_pip})"
    found: dict[str, str] = {}
    names = [f"python3.{minor}" for minor in range(9, 20)]
    installed = Path.home().glob(".pyenv/versions/3.*/bin/python3")
    for path in (sys.executable, *filter(None, map(shutil.which, names)), *map(str, installed)):
        answer = subprocess.run([path, "-c", ask], capture_output=True, text=True, check=False)
        version, _, pip = answer.stdout.strip().rpartition(" ")
        if pip == "True" and ast.literal_eval(version) >= (3, 9):
            found.setdefault(version, path)
    return found


@pytest.mark.slow
def test_the_oldest_and_the_newest_python_make_the_same_bytes_at_two_paths(tmp_path: Path) -> None:
    """Each as a build tool of a machine of its own: sources, cache and installer are another's."""
    available = pythons()
    versions = sorted(available, key=ast.literal_eval)
    if len(versions) < 2:
        pytest.skip(f"there is one Python with pip here: {versions}")
    built = []
    for place, version in (("a", versions[0]), ("b/deeper", versions[-1])):
        sources = tmp_path / place / "sources"
        for folder in ("functions", "instance_scripts"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / folder, sources / folder, ignore=ignored)
        for function in ("launcher", "reporter"):
            artifact = tmp_path / place / function
            script = str(sources / "functions/build.py")
            subprocess.run([available[version], script, function, str(artifact)], check=True)
        built.append(digests(tmp_path / place, "launcher", "reporter"))
    assert built[0]
    assert built[0] == built[1]


def digests(folder: Path, *parts: str) -> dict[str, str]:
    """The SHA-256 of every file of these parts of the folder, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in parts
        for path in (folder / part).rglob("*")
        if path.is_file()
    }


def test_an_artifact_is_the_functions_package_what_it_shares_and_the_lock(
    artifacts: dict[str, Path],
) -> None:
    reporter, launcher = packages(artifacts["reporter"]), packages(artifacts["launcher"])
    assert {"reporter", "shared", "backup_contract", "boto3", "aws_lambda_powertools"} <= reporter
    own = {"launcher", "bootstrap.sh", "repo_backup.zip"}
    assert launcher - reporter == own
    assert reporter - launcher == {"reporter"}


def test_an_artifact_carries_no_tests_no_bytecode_and_nothing_compiled(
    artifacts: dict[str, Path],
) -> None:
    for folder in artifacts.values():
        found = [
            each
            for each in folder.rglob("*")
            if each.suffix in (".pyc", ".so", ".pyd") or each.name in ("__pycache__", "tests")
        ]
        assert found == []


def test_the_functions_load_from_their_artifact_alone(artifacts: dict[str, Path]) -> None:
    for function, folder in artifacts.items():
        output = in_isolation(folder, f"import {function}.app, boto3; print(boto3.__file__)")
        assert output.startswith(str(folder))


def clients(*folders: str, without: str = "") -> set[str]:
    sources = [
        each for folder in folders for each in (ROOT / folder).rglob("*.py") if each.name != without
    ]
    made = [
        re.findall(r"(?:\b|_)client\(\s*\"([a-z0-9-]+)\"", each.read_text()) for each in sources
    ]
    return {name for names in made for name in names}


def test_the_functions_have_the_description_of_every_service_that_they_call(
    builder: ModuleType, artifacts: dict[str, Path]
) -> None:
    used = clients("functions/launcher", "functions/reporter", "functions/shared")
    assert used == set(builder.SERVICES["functions"])
    for folder in artifacts.values():
        code = f"import boto3\nfor s in {sorted(used)}: boto3.client(s, region_name='eu-central-1')"
        in_isolation(folder, code)


def test_the_reporter_knows_time_zones_on_a_machine_that_has_none(
    artifacts: dict[str, Path],
) -> None:
    code = (
        "import zoneinfo; zoneinfo.reset_tzpath(to=[])\n"
        "print(zoneinfo.ZoneInfo('Europe/Berlin'), zoneinfo.ZoneInfo('UTC'))"
    )
    assert in_isolation(artifacts["reporter"], code) == "Europe/Berlin UTC\n"


@pytest.fixture(scope="module")
def program(artifacts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instances' program as they unpack it."""
    folder = tmp_path_factory.mktemp("program")
    with zipfile.ZipFile(artifacts["launcher"] / "repo_backup.zip") as packed:
        packed.extractall(folder)
    return folder


def test_the_program_runs_from_what_is_unpacked_alone(builder: ModuleType, program: Path) -> None:
    output = in_isolation(
        program,
        "import runpy; sys.argv = ['repo_backup', 'backup', '--help']\n"
        "try: runpy.run_module('repo_backup', run_name='__main__')\n"
        "except SystemExit as end: sys.exit(end.code)",
    )
    assert "--destination" in output
    # A stack is asked from a person's machine, never from an instance.
    services = clients("instance_scripts/repo_backup", without="deployed_stack.py") | {"sts"}
    assert services <= set(builder.SERVICES["instance_scripts"])
    in_isolation(
        program,
        "from botocore.session import get_session\n"
        f"for s in {sorted(services)}: get_session().create_client(s, region_name='eu-central-1')",
    )


def test_the_program_says_that_it_cannot_write_pages_and_what_to_do(
    program: Path, tmp_path: Path
) -> None:
    output = in_isolation(
        program,
        "import contextlib, io\n"
        "from repo_backup.cli.main import main\n"
        "with contextlib.redirect_stderr(io.StringIO()) as told:\n"
        f"    code = main(['report', '--source', {str(tmp_path)!r}, '--out', 'page'])\n"
        "print(code, told.getvalue())",
    )
    assert output.startswith("1 repo-backup: this installation cannot write pages: ")
    assert len(output.strip().splitlines()) == 1


def test_the_program_on_an_instance_cannot_remove_objects_and_says_so(
    program: Path, tmp_path: Path
) -> None:
    assert not [*(program / "repo_backup").rglob("*prun*")]
    output = in_isolation(
        program,
        "import contextlib, io\n"
        "from repo_backup.cli.main import main\n"
        "with contextlib.redirect_stderr(io.StringIO()) as stderr:\n"
        f"    code = main(['prune-objects', '--source', {str(tmp_path)!r}, '--yes'])\n"
        "print(code, stderr.getvalue())",
    )
    assert output.startswith("1 repo-backup: this installation cannot remove objects: ")


DECISIVE = ("fresh", "ten days, weekly", "ten days, monthly", "failed", "drill failed", "missed")

STATUS = """
import contextlib, io, json
from repo_backup.cli.main import main
for source in {sources!r}:
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = main(["status", "--json", "--source", source])
    found = json.loads(said.getvalue())
    verdict, late = found["runs"][0]["verdict"], "was due" in found["reason"]
    print(json.dumps([code, found["level"], verdict, late]))
"""

REPORTER = """
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from backup_contract.documents.run_report import RunReport
from backup_contract.judgement.overdue import Watched, overdue
from backup_contract.judgement.reliance import is_good
for source in {sources!r}:
    path = max(Path(source).glob("runs/*/report.json"))
    report = RunReport.from_json(path.read_bytes())
    known = Watched.by_age(timedelta(days=8))
    if report.schedule:
        known = Watched.in_report(report.schedule, timedelta(days=8))
    late = overdue(known, report.reported_at, datetime.now(UTC))
    late = bool(late and min(late) > report.reported_at)
    good = is_good(report.verdict) and not late
    level = "good" if good else "bad"
    print(json.dumps([0 if good else 3, level, report.verdict, late]))
"""


def test_both_artifacts_judge_alike(
    artifacts: dict[str, Path], program: Path, tmp_path: Path
) -> None:
    sources = [str(tmp_path / name) for name in DECISIVE]
    for name, source in zip(DECISIVE, sources, strict=True):
        SITUATIONS[name][0](Folder(Path(source)))
    answer = in_isolation(program, STATUS.format(sources=sources)).splitlines()
    assert (
        answer == in_isolation(artifacts["reporter"], REPORTER.format(sources=sources)).splitlines()
    )
    levels = [json.loads(line)[1] for line in answer]
    assert levels == [SITUATIONS[name][1] for name in DECISIVE]


PROGRAM_WORDS = """
import contextlib, io, json
from repo_backup.cli.main import main
def ask(*words):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = main([*words])
    return code, said.getvalue()
for source in {sources!r}:
    code, found = ask("status", "--json", "--source", source)
    listed = ask("list", "--runs", "--source", source)[1].splitlines()[1:]
    words = dict(line.split()[:2] for line in listed)
    print(json.dumps([code == 0, json.loads(found)["level"], words], sort_keys=True))
"""

REPORTER_WORDS = """
import json
from pathlib import Path
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Manifest
from backup_contract.documents.run_report import RunReport
from backup_contract.judgement.reliance import UNREADABLE, own_word
import reporter.publish.subject
def word(run):
    try:
        manifest = run / "manifest.json"
        read = Manifest.from_json(manifest.read_bytes()) if manifest.exists() else None
        report = run / "report.json"
        judged = RunReport.from_json(report.read_bytes()).verdict if report.exists() else ""
        return judged or own_word(read)
    except DamagedError:
        return UNREADABLE
for source in {sources!r}:
    runs = (each for each in Path(source, "runs").iterdir() if each.is_dir())
    print(json.dumps({{run.name: word(run) for run in runs}}, sort_keys=True))
"""


def test_both_artifacts_have_one_word_for_every_run_of_every_situation(
    artifacts: dict[str, Path], program: Path, tmp_path: Path
) -> None:
    sources = [str(tmp_path / str(number)) for number in range(len(SITUATIONS))]
    folders = [Folder(Path(source)) for source in sources]
    for folder, (build, _, _) in zip(folders, SITUATIONS.values(), strict=True):
        build(folder)
    output = in_isolation(program, PROGRAM_WORDS.format(sources=sources)).splitlines()
    words = in_isolation(artifacts["reporter"], REPORTER_WORDS.format(sources=sources)).splitlines()
    for name, folder, by_program, by_reporter in zip(
        SITUATIONS, folders, map(json.loads, output), map(json.loads, words), strict=True
    ):
        good, level, runs = by_program
        assert (good, level) == (SITUATIONS[name][1] != BAD, SITUATIONS[name][1]), name
        assert runs == by_reporter, name
        for run_id, mail in folder.mails.items():
            assert runs[run_id] == "unreadable" or f"] {runs[run_id]}" in mail, name


def test_the_program_has_nothing_compiled_for_it_runs_on_any_processor(program: Path) -> None:
    assert [each for each in program.rglob("*") if each.suffix in (".so", ".pyd", ".pyc")] == []


def test_what_a_person_looks_at_is_not_shipped(program: Path) -> None:
    assert not (program / "repo_backup" / "page").exists()
    for drawing in ("live_display.py", "terminal_table.py"):
        assert not (program / "repo_backup" / "cli" / drawing).exists()
    assert not {"jinja2", "rich", "pygments"} & {each.name for each in program.iterdir()}


def test_the_program_backs_up_without_what_draws_even_on_a_terminal(
    program: Path, tmp_path: Path
) -> None:
    build_corpus(tmp_path / "hub")
    options = ("--no-data", "--owner", "octo", "--destination", str(tmp_path / "out"))
    command = ("repo_backup", "backup", *options)
    code = f"sys.argv = {[*command]!r}\nrunpy.run_module('repo_backup', run_name='__main__')"
    terminal, end = pty.openpty()
    with GitHubStandIn(tmp_path / "hub") as hub, os.fdopen(terminal, "rb"):
        done = subprocess.run(
            bare_python(program, code),
            env={**os.environ, "GITHUB_API_URL": hub.api_url, "GITHUB_TOKEN": CORPUS_TOKEN},
            stdout=subprocess.PIPE,
            stderr=end,
            text=True,
            check=False,
        )
    os.close(end)
    assert "backed-up" in done.stdout
    assert done.returncode == 0
    assert list((tmp_path / "out").rglob("hello.zip"))


def test_the_same_sources_give_the_same_program(
    builder: ModuleType, artifacts: dict[str, Path], tmp_path: Path
) -> None:
    builder.pack_program(tmp_path / "again.zip")
    once = (artifacts["launcher"] / "repo_backup.zip").read_bytes()
    assert (tmp_path / "again.zip").read_bytes() == once


def test_an_artifact_is_small_enough_for_a_direct_upload(artifacts: dict[str, Path]) -> None:
    for folder in artifacts.values():
        assert sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) < 50e6


def locked(lock: str) -> Iterator[tuple[str, str, str]]:
    """Name, version and the rest of each entry."""
    entry = re.compile(r"^([a-z0-9-]+)==(\S+)(.*?)(?=^[a-z]|\Z)", re.M | re.S)
    for found in entry.finditer((ROOT / lock).read_text()):
        yield found[1], found[2], found[3]


@pytest.mark.parametrize(
    "lock",
    [
        *LOCKS,
        "requirements-dev.txt",
        "local_cloud/lambda_image/requirements.txt",
        "tools/scanners/requirements.txt",
        "tools/scanners/checkov.txt",
    ],
)
def test_every_lock_has_a_hash_for_everything(lock: str) -> None:
    entries = list(locked(lock))
    assert entries
    assert [name for name, _, rest in entries if "--hash=sha256:" not in rest] == []


@pytest.mark.parametrize(
    ("folder", "package"),
    [
        ("tools/iam/evaluator", "@cloud-copilot/iam-simulate"),
        ("tools/github_api", "@octokit/openapi"),
    ],
)
def test_every_lock_of_node_packages_has_a_hash_for_everything(folder: str, package: str) -> None:
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    found = {name: each.get("integrity", "") for name, each in packages.items() if name}
    assert f"node_modules/{package}" in found
    assert [name for name, hashed in found.items() if not hashed.startswith("sha512-")] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_pinned_by_hash_at_the_version_that_the_tests_run_with(
    lock: str,
) -> None:
    tested = {name: version for name, version, _ in locked("requirements-dev.txt")}
    entries = list(locked(lock))
    assert entries
    for name, version, rest in entries:
        assert "--hash=sha256:" in rest, name
        assert tested[name] == version, name


def test_every_make_that_ci_runs_does_something() -> None:
    """A target that is named phony and has no recipe succeeds."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    recipes = set(re.findall(r"^([a-z-]+):[^\n]*\n(?:ifn?eq [^\n]*\n)?\t", makefile, re.MULTILINE))
    run = set(re.findall(r"^\s*make (?:-C \S+ )?([a-z-]+)", (ROOT / ".ci/run").read_text(), re.M))
    assert {"test", "policies", "scan"} <= run
    assert run - {"setup"} <= recipes
    phony = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert len(phony) == 1
    assert set(phony[0].split()) - {"setup"} <= recipes
