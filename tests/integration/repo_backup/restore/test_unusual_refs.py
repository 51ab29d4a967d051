"""What GitHub serves and git can clone is saved, verified, drilled and restored ref by ref."""

import subprocess
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.cli.main import main
from tests.integration.repo_backup.conftest import Destination
from tests.integration.repo_backup.unusual_refs import SHAPES, Shape

pytestmark = pytest.mark.slow


@pytest.fixture
def odd(hub: GitHubStandIn) -> Path:
    """A repository of octo's to be made unusual."""
    hub.catalogue.add(Repository(77, "octo", "odd"))
    path = init_repository(hub.root / "octo" / "odd.git")
    commit_files(path, {"README": "odd\n"})
    return path


def refs(repository: Path) -> list[str]:
    """HEAD and every ref, with its object, as git lists them."""
    listed = git(repository, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return [(repository / "HEAD").read_text().strip(), *listed]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_it_is_saved_drilled_verified_and_restored_ref_by_ref(
    destination: Destination, odd: Path, shape: Shape, tmp_path: Path
) -> None:
    shape(odd)
    assert destination.backup("--only", "odd", "--no-wikis") == 0
    assert destination.states()["odd"] == "backed-up"
    drill = destination.manifest()["drill"]
    assert [each["ok"] for each in drill["checked"]] == [True]
    assert main(["verify", "--source", str(destination.root), "--all"]) == 0
    assert refs(destination.restored("odd", tmp_path / "out")) == refs(odd)
    assert destination.backup("--only", "odd", "--no-wikis", run_id="r2") == 0
    assert destination.states("r2")["odd"] == "unchanged"


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_it_is_restored_by_unzip_and_git_alone(
    destination: Destination, odd: Path, shape: Shape, tmp_path: Path
) -> None:
    shape(odd)
    assert destination.backup("--only", "odd", "--no-wikis", "--no-drill") == 0
    archive = destination.root / "github_backups/octo/odd.zip"
    subprocess.run(["unzip", "-q", str(archive), "-d", str(tmp_path)], check=True)
    assert refs(tmp_path / "odd.git") == refs(odd)
    clone = ["git", "clone", "--quiet", str(tmp_path / "odd.git"), str(tmp_path / "clone")]
    subprocess.run(clone, check=True)
    assert (tmp_path / "clone" / ".git").is_dir()


@pytest.mark.parametrize(
    ("shape", "output"),
    [
        ("head-in-remotes", "HEAD points to refs/remotes/origin/x, which is not a branch"),
        ("head-names-no-branch", "HEAD points to refs/heads/gone, which does not exist"),
        ("branch-names-a-tag", "refs/heads/old: a branch that names a tag"),
        ("shallow", "upstream is a shallow repository: 1 commits lack their parents"),
        ("long-attributes", "gitattributesLineLength (1)"),
    ],
)
def test_what_a_person_should_know_is_a_warning_and_costs_no_second_download(
    destination: Destination, hub: GitHubStandIn, odd: Path, shape: str, output: str
) -> None:
    SHAPES[shape](odd)
    assert destination.backup("--only", "odd", "--no-wikis", "--no-drill") == 0
    (warning,) = destination.entry("odd")["warnings"]
    assert output in warning
    packs = [each for each in hub.requests if each.path == "/octo/odd.git/git-upload-pack"]
    assert len(packs) == (2 if shape == "head-names-no-branch" else 1)


@pytest.mark.parametrize("lfs", [False, True])
def test_a_branch_that_names_a_file_hides_no_use_of_git_lfs(
    destination: Destination, odd: Path, lfs: bool
) -> None:
    SHAPES["branch-names-a-file"](odd)
    commit_files(odd, {".gitattributes": "*.psd filter=lfs\n" if lfs else "* text\n"})
    assert destination.backup("--only", "odd", "--no-wikis", "--no-drill") == 0
    assert (destination.entry("odd")["lfs"], destination.entry("odd")["warnings"]) == (lfs, [])


def test_verify_names_the_branches_that_name_no_commit(
    destination: Destination, odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    SHAPES["branch-names-a-tree"](odd)
    assert destination.backup("--only", "odd", "--no-wikis", "--no-drill") == 0
    capsys.readouterr()
    assert main(["verify", "--source", str(destination.root), "--all"]) == 0
    assert "refs/heads/tree: a branch that names no commit" in capsys.readouterr().out


def test_a_restore_that_is_refused_leaves_nothing_behind(
    destination: Destination, odd: Path, tmp_path: Path
) -> None:
    assert destination.backup("--only", "odd", "--no-wikis", "--no-drill") == 0
    manifest = destination.root / "runs/r1/manifest.json"
    digest = destination.entry("odd")["refs_digest"]
    manifest.write_text(manifest.read_text().replace(digest, "0" * 64))
    source = ["--source", str(destination.root), "--into", str(tmp_path / "out")]
    assert main(["restore", "octo/odd", *source]) == 1
    assert list((tmp_path / "out").iterdir()) == []
