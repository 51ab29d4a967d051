"""Commands that people paste: they take an archive with its overlays, and nothing else."""

import shlex
from fnmatch import fnmatchcase

import pytest

from backup_contract import object_keys as layout
from backup_contract.aws_commands import remove_archive


def test_the_command_that_removes_an_archive_names_its_overlays_by_a_quoted_pattern() -> None:
    command = remove_archive("s3://my-bucket", "github_backups/octo/hello~7.wiki.zip")
    assert command == (
        "aws s3 rm s3://my-bucket/github_backups/octo/ --recursive --exclude '*' "
        "--include 'hello~7.wiki.zip' --include 'hello~7.wiki+*'"
    )
    words = shlex.split(command)
    assert len(words) == 11
    # The patterns of the AWS CLI are those of this module.
    removed = "hello~7.wiki.zip hello~7.wiki+0123456789ab.0001.zip hello~7.wiki+0123456789ab.json"
    kept = "hello~7.zip hello~7+0123456789ab.0001.zip hello~7.wikis.zip damaged.json x.zip"
    for name in (*removed.split(), *kept.split()):
        matching = any(fnmatchcase(name, pattern) for pattern in words[8::2])
        assert matching is (name in removed.split()), name


def test_a_name_that_begins_with_a_hyphen_is_no_option_of_the_command() -> None:
    command = remove_archive("s3://my-bucket", "github_backups/octo/-rf.zip")
    assert command is not None
    assert command.endswith("--exclude '*' --include=-rf.zip --include='-rf+*'")


@pytest.mark.parametrize(
    "key",
    [
        *("github_backups/octo/a b.zip", "github_backups/octo/$(reboot).zip", "-x/a.zip"),
        *("github_backups/octo/[ab]*.zip", "github_backups/octo/hello.txt"),
        layout.overlay("github_backups/octo/hello.zip", "0" * 12, 1),
    ],
)
def test_no_command_is_made_of_what_is_no_archives_key(key: str) -> None:
    assert remove_archive("s3://my-bucket", key) is None
