"""The command line teaches, and answers a typo with what was probably meant."""

import os
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from repo_backup.cli import main as cli
from repo_backup.cli.parser import parse
from repo_backup.hosts.github.connect import api_address

BACKUP = ["backup", "--owner", "octo", "--destination", "d"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bakcup"], "did you mean backup?"),
        ([*BACKUP, "--ful"], "did you mean --full?"),
        ([*BACKUP, "--no-fork"], "did you mean --no-forks?"),
        ([*BACKUP, "--jobs", "0"], "'0' is not a number from 1 to 64"),
        ([*BACKUP, "--max-size", "big"], "'big' is not a size like 500M or 2G"),
        ([*BACKUP, "--run-id", "../x"], "'../x' is not a run id"),
        (["backup", "--owner", "-x/y", "--destination", "d"], "--owner"),
        (["backup", "--owner", "octo"], "--destination"),
        (
            ["backup", "--owner", "https://github.com/octo", "--destination", "d"],
            "use only the name: octo",
        ),
        (
            ["backup", "--owner", "github.com/octo/x", "--destination", "d"],
            "use only the name: octo",
        ),
        (["backup", "--owner", "@octo", "--destination", "d"], "use only the name: octo"),
        (["backup", "--owner", "octo/hello", "--destination", "d"], "--only octo/hello"),
        (["backup", "--owner", "octo,b/c", "--destination", "d"], "--owner b --only b/c"),
        (["restore", "hello", "--source", ".", "--into", "x"], "'hello' is not OWNER/REPO"),
        (["restore", "https://h/a/b.git", "--source", ".", "--into", "x"], "did you mean a/b?"),
        (["restore", "git@h:a/b.git", "--source", ".", "--into", "x"], "did you mean a/b?"),
        (["restore", "a/b", "--source", "."], "--into"),
        (
            ["list", "--source", "./typo"],
            "there is no directory './typo'; name an existing directory",
        ),
        (["status", "--source", "typo"], "there is no directory 'typo'"),
        (["list", "--source", ".", "--runs", "--versions", "a/b"], "not allowed with"),
        (["list", "--source", ".", "--versions", "b"], "'b' is not OWNER/REPO"),
        (["backup", "--destination", "s3:/bucket"], "is neither s3://BUCKET[/PREFIX] nor a dir"),
        (["backup", "--destination", "s3://"], "is neither s3://BUCKET[/PREFIX] nor a directory"),
        (["backup", "--destination", "gs://bucket"], "is neither s3://BUCKET[/PREFIX] nor a dir"),
        (["backup", "--destination", ""], "it is empty; name a directory or s3://BUCKET"),
        (["backup", "--destination", "  "], "it is empty; name a directory or s3://BUCKET"),
        ([*BACKUP, "--only", ""], "--only: it is empty; give a name, or a pattern"),
        ([*BACKUP, "--exclude", " "], "--exclude: it is empty; give a name, or a pattern"),
        ([*BACKUP, "--kinds", "data", "--no-data"], "--kinds data contradicts --no-data: remove"),
        ([*BACKUP, "--kinds", "account", "--no-data"], "--kinds account contradicts --no-data"),
        ([*BACKUP, "--kinds", "git", "--lfs"], "--lfs contradicts --kinds git: remove one"),
        (["estimate", "--kinds", "wiki", "--no-wikis"], "--kinds wiki contradicts --no-wikis"),
        (["check", "--stack", ""], "'' is not the name of a stack"),
        (["run-now", "--stack", "a b"], "'a b' is not the name of a stack"),
        (["run-now", "--only", ""], "--only: it is empty"),
        (["backup", "--destination", __file__], "is a file; name a directory or s3://BUCKET"),
        (["restore", "a/b", "--source", ".", "--into", __file__], "is a file; name a directory"),
        (
            ["backup", "--owner", "octo", "--destnation=d"],
            "--destnation is unknown; did you mean --destination?",
        ),
        (["restore", "a/b", "--source", ".", "--into", " "], "is not a directory on this machine"),
        (["restore", "a/b", "--source", ".", "--push-to", ""], "--push-to: it is empty"),
        (
            ["restore", "a/b", "--source", ".", "--into", "x", "--version-id", ""],
            "--version-id: it is empty",
        ),
        (
            ["restore", "a/b", "--account", "--source", ".", "--into", "x"],
            "--account: it goes with OWNER alone, not with 'a/b'",
        ),
        (
            ["restore", "a/b", "--source", ".", "--push-to-owner", "c", "--force"],
            "--force: it goes with --push-to",
        ),
        (
            ["restore", "a/b", "--source", ".", "--into", "x", "--yes"],
            "--yes: it goes with --push-to-owner",
        ),
    ],
)
def test_wrong_words_end_with_code_2_and_a_hint(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _code(arguments) == 2
    assert message in capsys.readouterr().err


def _code(arguments: list[str]) -> int:
    try:
        return cli.main(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)


TOKENS = ["ghp_" + "Canary0" * 5, "github_pat_" + "11CANARY_" * 5]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(
    "arguments",
    [
        ["backup", "--destination", "d", "--owner"],
        [*BACKUP, "--token"],
        ["restore", "--source", ".", "--into", "x"],
        ["restore", "a/b", "--source", ".", "--push-to-owner"],
    ],
)
def test_a_token_as_an_argument_is_refused_and_not_shown(
    arguments: list[str], token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _code([*arguments, token]) == 2
    shown = capsys.readouterr().err
    assert token not in shown
    assert "give a token in the environment variable GITHUB_TOKEN" in shown
    assert "revoke the one in this command" in shown


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_for_the_name_of_its_parameter_is_refused_and_not_shown(
    token: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_TOKEN_PARAMETER", token)
    assert cli.main(BACKUP) == 2
    shown = capsys.readouterr().err
    assert token not in shown
    assert "set GITHUB_TOKEN to the token itself" in shown


def test_an_interruption_during_the_imports_ends_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "botocore.py").write_text("raise KeyboardInterrupt\n")
    ended = subprocess.run(
        [sys.executable, "-m", "repo_backup", "list", "--source", "s3://bucket"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
        cwd=Path(cli.__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (75, "")


def test_an_aws_profile_that_does_not_exist_is_named_with_what_to_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    assert cli.main(["list", "--source", "s3://bucket"]) == 1
    shown = capsys.readouterr().err
    assert "s3://bucket cannot be opened" in shown
    assert "no-such-profile" in shown
    assert "Check AWS_PROFILE" in shown


def test_help_shows_examples_variables_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    message = capsys.readouterr().out
    for word in ("restore octo/hello", "GITHUB_TOKEN", "SSL_CERT_FILE", "75  interrupted"):
        assert word in message


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_help_of_a_command_has_examples_of_it_alone_that_are_valid(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse([command, "--help"])
    shown = capsys.readouterr().out
    examples = shown.partition("examples:\n")[2].partition("\n\n")[0].splitlines()
    assert examples
    for example in examples:
        program, *words = shlex.split(example.partition(" > ")[0])
        assert program == "repo-backup"
        assert parse(words).command == command


def test_help_of_a_command_names_the_variables_that_it_reads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command, github in (("backup", True), ("estimate", True), ("status", False)):
        with pytest.raises(SystemExit):
            parse([command, "--help"])
        assert ("GITHUB_APP_ID" in capsys.readouterr().out) is github


@pytest.mark.parametrize("command", [None, *cli.COMMANDS])
def test_help_has_no_line_that_80_columns_would_break(
    command: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """argparse breaks no line within the brackets of a usage: those lines may be longer."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        parse([*filter(None, [command]), "--help"])
    _, *described = capsys.readouterr().out.split("\n\n")
    assert [line for text in described for line in text.splitlines() if len(line) > 80] == []


def test_the_status_of_an_empty_folder_asks_for_the_right_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", "--source", str(tmp_path)]) == 3
    expected = "NOT GOOD: no run here can be relied on (check --source)\n"
    assert capsys.readouterr().out == expected


def test_neither_owner_nor_token_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backup", "--destination", "d"]) == 2
    assert "name an --owner" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("api.github.com", "it must begin with https://, as https://api.github.com"),
        ("127.0.0.1:18765", "it must begin with https://, as https://127.0.0.1:18765"),
        ("http://github.example.com/api/v3", "the token would go in clear; give https://"),
        ("http://8.8.8.8", "the token would go in clear"),
        ("ftp://h/api/v3", "give https://HOST/api/v3"),
        ("https://h/api//v3", "give https://HOST/api/v3"),
        ("https://h/../v3", "give https://HOST/api/v3"),
        ("https://h/api/v3?page=1", "give https://HOST/api/v3"),
        ("https://me:s3cret@h/api/v3", "'https://…@h/api/v3' is not the address"),
        ("https://github.com", "GitHub's is https://api.github.com"),
        ("https://api.github.com/users/octo", "GitHub's is https://api.github.com"),
    ],
)
def test_an_address_that_cannot_be_an_apis_is_refused_before_anything_is_asked(
    address: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", address)
    monkeypatch.setenv("GITHUB_TOKEN", "canary")
    for command in (
        ["backup", "--owner", "octo", "--destination", str(tmp_path / "d")],
        ["estimate", "--owner", "octo"],
    ):
        assert cli.main(command) == 2
        shown = capsys.readouterr().err
        assert shown.startswith("repo-backup: GITHUB_API_URL: ")
        assert message in shown
        assert "s3cret" not in shown
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "address",
    [
        "https://h.example/api/v3/",
        "http://127.0.0.1:8",
        "http://localhost:8",
        "http://[::1]:8/a",
        "http://host.docker.internal:8",
        "http://git_hub/api/v3",
    ],
)
def test_an_address_that_can_be_an_apis_is_taken(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", address)
    assert api_address() == address.rstrip("/")


def test_a_source_that_may_not_be_read_is_named_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").write_text("a file where a directory should be")
    assert cli.main(["list", "--source", str(tmp_path), "--run-id", "r1"]) == 1
    answer = capsys.readouterr().err
    assert f"{tmp_path / 'runs'} cannot be read: Not a directory; name the folder" in answer


def test_of_names_that_are_given_with_commas_each_is_an_owner() -> None:
    given = ["backup", "--owner", "a,b", "--owner", "c", "--destination", "d"]
    assert parse(given).owner == ["a", "b", "c"]
    assert parse(BACKUP).owner == ["octo"]


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_its_function(command: str) -> None:
    module, name = cli.COMMANDS[command]
    assert callable(getattr(import_module(f"repo_backup.cli.commands.{module}"), name))


def test_neither_what_draws_nor_the_sdk_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys\n"
        "from importlib import import_module\n"
        "from repo_backup.cli import main\n"
        "for module, _ in main.COMMANDS.values():\n"
        "    import_module(f'repo_backup.cli.commands.{module}')\n"
        "print({'rich', 'botocore.client', 'botocore.endpoint'} & {*sys.modules})"
    )
    assert _printed(code) == "set()\n"


def test_the_command_line_is_read_before_any_command_is_imported() -> None:
    code = (
        "import sys\n"
        "from repo_backup.cli import main\n"
        "print({'repo_backup.run', 'repo_backup.restore', 'urllib3'} & {*sys.modules})"
    )
    assert _printed(code) == "set()\n"


def _printed(code: str) -> str:
    """What a new Python prints that runs this."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    message = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return message.stdout
