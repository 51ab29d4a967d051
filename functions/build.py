"""Builds one function's artifact, as ``functions/Makefile`` asks for it during ``sam build``.

An artifact is the function's own package, ``shared``, ``backup_contract`` and the locked
dependencies. The launcher's also carries the program that instances run, ``repo_backup.zip``, with
dependencies of its own, and the ``bootstrap.sh`` that starts it. The same sources give the same
bytes on every machine, for the program's SHA-256 is its name in the bucket.

Standard library only, and no syntax newer than Python 3.9 or option newer than pip 21.3: this runs
with whatever ``python3`` is on the PATH, and AWS CloudShell has these.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "dependencies"

RUNTIME = "3.13"
"""Python of the functions (template.yaml) and of the instances (bootstrap.sh)."""

SERVICES = {
    "functions": (
        *("dynamodb", "ec2", "freetier", "iam", "lambda", "s3", "scheduler"),
        *("service-quotas", "sns", "sqs", "ssm"),
    ),
    "instance_scripts": ("s3", "ssm", "sts"),
}
"""The services whose clients are made below each folder. botocore describes 400 more, which make
up nine tenths of an artifact: without them the upload is 13 MB instead of 54."""

_NEVER_SHIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", "tests")
_NOT_ON_INSTANCES = shutil.ignore_patterns(
    *("__pycache__", "*.pyc", "page", "page_command.py", "evidence_command.py", "live_display.py"),
    *("terminal_table.py", "prune", "prune_command.py", "*prunable*.py"),
)
"""The page and what draws on a terminal are for a person's machine, which has their libraries. What
removes objects is for a person, who has the right to that."""

_OF_THIS_MACHINE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
"""What an installer writes about its own work: RECORD has the hashes of console scripts, whose
first line names an interpreter. Nothing reads them at run time."""

_OLDEST = (3, 9)

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class BuildError(RuntimeError):
    """The build cannot go on; the text says what to do about it."""


def build(function: str, artifact: Path) -> None:
    """Fill the artifact's folder for ``launcher`` or ``reporter``.

    Raises :class:`BuildError` when there is no installer, and CalledProcessError when a
    dependency cannot be had or has another hash than the lock says.
    """
    shutil.copytree(dependencies("functions"), artifact, dirs_exist_ok=True)
    for package in (function, "shared"):
        shutil.copytree(ROOT / "functions" / package, artifact / package, ignore=_NEVER_SHIPPED)
    contract = ROOT / "instance_scripts" / "backup_contract"
    shutil.copytree(contract, artifact / "backup_contract", ignore=_NEVER_SHIPPED)
    if function == "launcher":
        shutil.copyfile(ROOT / "instance_scripts/bootstrap.sh", artifact / "bootstrap.sh")
        pack_program(artifact / "repo_backup.zip")


def pack_program(archive: Path) -> None:
    """Zip the instances' program with its locked dependencies, byte for byte reproducible.

    Stored, not compressed: what a compressor makes depends on the zlib of the machine.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program"
        shutil.copytree(dependencies("instance_scripts"), program)
        for package in ("repo_backup", "backup_contract"):
            shutil.copytree(
                ROOT / "instance_scripts" / package, program / package, ignore=_NOT_ON_INSTANCES
            )
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
            for path in sorted(each for each in program.rglob("*") if each.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(program).as_posix(), _ZIP_EPOCH)
                entry.create_system = 3
                entry.external_attr = 0o644 << 16
                packed.writestr(entry, path.read_bytes())


def dependencies(part: str) -> Path:
    """A folder with what the lock of ``functions`` or ``instance_scripts`` names.

    Installed once per content of the lock.
    """
    lock = ROOT / part / "requirements.txt"
    recipe = f"{RUNTIME} {SERVICES[part]} {_OF_THIS_MACHINE}\n{lock.read_text()}"
    wanted = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    folder = CACHE / wanted
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{wanted}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # sam builds the functions in parallel
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
                fresh = Path(scratch) / "installed"
                _install(lock, fresh)
                # Console scripts: of no use here, and they name this machine's interpreter.
                shutil.rmtree(fresh / "bin", ignore_errors=True)
                for record in fresh.glob("*.dist-info/*"):
                    if record.name in _OF_THIS_MACHINE:
                        record.unlink()
                for description in (fresh / "botocore/data").iterdir():
                    if description.is_dir() and description.name not in SERVICES[part]:
                        shutil.rmtree(description)
                fresh.rename(folder)
    return folder


def _install(lock: Path, target: Path) -> None:
    """Install wheels without compiled code, so that one artifact serves any processor."""
    if importlib.util.find_spec("pip"):
        pip = [sys.executable, "-m", "pip"]
    elif uv := shutil.which("uv"):
        pip = [uv, "tool", "run", "--quiet", "pip"]
    else:
        raise BuildError(
            f"{sys.executable} has no pip, and there is no uv on the PATH. "
            "Debian, Ubuntu: apt-get install python3-pip; or run `make setup` first."
        )
    # fmt: off
    options = [
        "--quiet", "--disable-pip-version-check",
        "--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none",
        f"--python-version={RUNTIME}", "--require-hashes", "--no-deps", "--no-compile",
        # pip compares with the interpreter that it runs on, although another is named.
        "--ignore-requires-python",
    ]
    # fmt: on
    # By its variable, not by --root-user-action, which pip knows since 22.1 only.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    subprocess.run(
        [*pip, "install", *options, f"--target={target}", f"--requirement={lock}"],
        check=True,
        env=environment,
    )


def main(arguments: list[str]) -> int:
    """Build what the command line names; the exit code."""
    if sys.version_info < _OLDEST:
        print("sam build: python3 on the PATH must be 3.9 or newer", file=sys.stderr)
        return 1
    function, artifact = arguments
    try:
        build(function, Path(artifact))
    except BuildError as error:
        print(f"sam build: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
