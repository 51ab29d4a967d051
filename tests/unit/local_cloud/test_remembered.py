"""The stand-in's memory never answers for a repository that is another one by now."""

import os
from collections.abc import Callable
from email.message import Message
from pathlib import Path

import pytest

from local_cloud.github import remembered
from local_cloud.github.corpus import commit_files, git, init_repository
from local_cloud.github.remembered import RememberingBackend
from local_cloud.github.smart_http import open_backend

Ask = Callable[[], bytes]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of two branches."""
    path = init_repository(tmp_path / "octo" / "hello.git")
    commit_files(path, {"a": "1"})
    commit_files(path, {"b": "2"}, branch="other")
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that git itself was asked for."""
    paths: list[str] = []

    def noted(root: Path, method: str, path: str, *rest: object) -> object:
        paths.append(path)
        return open_backend(root, method, path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(remembered, "open_backend", noted)
    return paths


@pytest.fixture
def refs(tmp_path: Path, repository: Path, asked: list[str]) -> Ask:
    """The refs, as a client is told them."""
    memory = RememberingBackend()
    path, query = "/octo/hello.git/info/refs", "service=git-upload-pack"

    def ask() -> bytes:
        with memory.open(tmp_path, "GET", path, query, Message(), iter([])) as reply:
            assert reply.status == 200
            return b"".join(reply.body)

    return ask


def test_the_same_question_starts_git_once(refs: Ask, asked: list[str]) -> None:
    assert refs() == refs()
    assert len(asked) == 1


def test_a_commit_between_two_questions_is_seen(refs: Ask, repository: Path) -> None:
    before = refs()
    commit_files(repository, {"a": "2"}, message="Next")
    after = refs()
    assert after != before
    assert git(repository, "rev-parse", "main").encode() in after


def test_packed_refs_that_change_are_seen(refs: Ask, repository: Path) -> None:
    git(repository, "pack-refs", "--all")
    assert b"refs/heads/other" in refs()
    packed = repository / "packed-refs"
    packed.write_text(packed.read_text().replace("refs/heads/other", "refs/heads/later"))
    assert b"refs/heads/later" in refs()
    assert b"refs/heads/other" not in refs()


def test_a_file_of_the_same_size_and_time_is_told_from_the_one_before(
    refs: Ask, repository: Path
) -> None:
    """Two changes within one tick of the file system's clock."""
    head = repository / "HEAD"
    times = (1_700_000_000_000_000_000, 1_700_000_000_000_000_000)
    commit_files(repository, {"c": "3"}, branch="dev1", message="Away")
    os.utime(head, ns=times)
    before = refs()
    head.write_text("ref: refs/heads/dev1\n")
    os.utime(head, ns=times)
    assert head.stat().st_size == len("ref: refs/heads/main\n")
    assert refs() != before


def test_a_setting_that_changes_within_one_tick_is_obeyed(refs: Ask, repository: Path) -> None:
    config = repository / "config"
    git(repository, "config", "transfer.hideRefs", "refs/heads/none1")
    answer = config.stat()
    assert b"refs/heads/other" in refs()
    config.write_text(config.read_text().replace("refs/heads/none1", "refs/heads/other"))
    os.utime(config, ns=(answer.st_atime_ns, answer.st_mtime_ns))
    assert config.stat().st_size == answer.st_size
    assert b"refs/heads/other" not in refs()


def test_a_copy_is_answered_from_memory_until_it_changes(
    tmp_path: Path, repository: Path, asked: list[str]
) -> None:
    memory = RememberingBackend()
    copy = init_repository(tmp_path / "elsewhere" / "octo" / "hello.git")
    git(repository, "config", "core.bare", "true")
    git(copy, "fetch", "-q", str(repository), "+refs/*:refs/*")

    def ask(root: Path) -> bytes:
        path, query = "/octo/hello.git/info/refs", "service=git-upload-pack"
        with memory.open(root, "GET", path, query, Message(), iter([])) as reply:
            return b"".join(reply.body)

    assert ask(tmp_path) == ask(tmp_path)
    commit_files(copy, {"a": "of the copy"}, message="Other")
    assert ask(tmp_path / "elsewhere") != ask(tmp_path)
    assert len(asked) == 2


def test_a_pushs_first_question_is_never_answered_from_memory(
    tmp_path: Path, repository: Path, asked: list[str]
) -> None:
    memory = RememberingBackend()
    path, query = "/octo/hello.git/info/refs", "service=git-receive-pack"
    for _ in range(2):
        with memory.open(tmp_path, "GET", path, query, Message(), iter([]), "octo") as reply:
            assert reply.status == 200
            assert b"".join(reply.body)
    assert len(asked) == 2


def test_an_answer_to_a_repository_that_changes_meanwhile_is_not_kept(
    tmp_path: Path, repository: Path, asked: list[str]
) -> None:
    memory = RememberingBackend()
    path, query = "/octo/hello.git/info/refs", "service=git-upload-pack"
    before = git(repository, "rev-parse", "main")
    with memory.open(tmp_path, "GET", path, query, Message(), iter([])) as reply:
        git(repository, "update-ref", "refs/heads/new", before)
        b"".join(reply.body)
    git(repository, "update-ref", "-d", "refs/heads/new")
    with memory.open(tmp_path, "GET", path, query, Message(), iter([])) as reply:
        assert b"refs/heads/new" not in b"".join(reply.body)
    assert len(asked) == 2
