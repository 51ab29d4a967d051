"""``make release``: an archive that deploys without Python, make or a build on the user's side.

It holds what ``sam build`` makes, and what ``sam deploy`` reads beside it. Its bytes depend on the
sources alone, so that anybody can build it anew and compare.
"""

import hashlib
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(".aws-sam/build")
BESIDE = (
    *("LICENSE", "README.md", "samconfig.toml", "template.yaml"),
    "docs/deployer-policy.json",
)
"""What is needed beside the build; the built template refers to the first two."""

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class ReleaseError(RuntimeError):
    """There is nothing that could be released; the text says what to do."""


def version(root: Path) -> str:
    """The version in pyproject.toml."""
    found: str = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    return found


def write_archive(root: Path, archive: Path) -> str:
    """Write the archive of what is built below ``root``; its SHA-256.

    Nothing is compressed, for what a compressor makes depends on the zlib of the machine. Raises
    :class:`ReleaseError` where ``sam build`` has made no template.
    """
    if not (root / BUILD / "template.yaml").is_file():
        raise ReleaseError(f"{root / BUILD} has no template.yaml; run sam build first")
    built = (path for path in (root / BUILD).rglob("*") if path.is_file())
    files = [*built, *(root / name for name in BESIDE)]
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for name, path in sorted((path.relative_to(root).as_posix(), path) for path in files):
            entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes())
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def main() -> int:
    """Build, pack, and write ``dist/SHA256SUMS``; the exit code."""
    built = subprocess.run(["sam", "build"], cwd=ROOT, check=False)
    if built.returncode:
        return built.returncode
    archive = ROOT / "dist" / f"onlinebackup-{version(ROOT)}.zip"
    try:
        line = f"{write_archive(ROOT, archive)}  {archive.name}\n"
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    (archive.parent / "SHA256SUMS").write_text(line)
    print(line, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
