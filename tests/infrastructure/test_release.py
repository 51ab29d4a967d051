"""What ``make release`` packs deploys by itself, and is the same wherever it is packed."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from tools.iam.template import ROOT, Template
from tools.release import BESIDE, BUILD, ReleaseError, version, write_archive


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A root with what ``sam build`` leaves behind."""
    root = tmp_path / "built"
    for name in BESIDE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, root / name)
    for name in ("template.yaml", "LauncherFunction/launcher/app.py"):
        path = root / BUILD / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def test_the_archive_has_the_build_where_sam_deploy_looks_for_it(
    built: Path, tmp_path: Path
) -> None:
    write_archive(built, tmp_path / "release.zip")
    with zipfile.ZipFile(tmp_path / "release.zip") as packed:
        names = packed.namelist()
    assert {".aws-sam/build/template.yaml", "samconfig.toml", *BESIDE} <= set(names)
    assert ".aws-sam/build/LauncherFunction/launcher/app.py" in names


def test_the_same_build_gives_the_same_bytes_at_another_place_and_time(
    built: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(built, elsewhere)
    changed = elsewhere / BUILD / "LauncherFunction/launcher/app.py"
    os.utime(changed, (0, 10**9))
    changed.chmod(0o600)
    once = write_archive(built, tmp_path / "once.zip")
    assert write_archive(elsewhere, tmp_path / "again.zip") == once


def test_without_a_build_nothing_is_released(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="run sam build first"):
        write_archive(tmp_path, tmp_path / "release.zip")


def test_the_version_is_the_same_wherever_it_is_written(template: Template) -> None:
    """The Serverless Application Repository refuses one that is not semantic."""
    published = template.source["Metadata"]["AWS::ServerlessRepo::Application"]
    assert published["SemanticVersion"] == version(ROOT)
    for name in ("LicenseUrl", "ReadmeUrl"):
        assert published[name] in BESIDE
