"""What a person wants of the backup program is judged before there is an instance to run it."""

import argparse
import functools
import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from samtranslator.yaml_helper import yaml_parse

from backup_contract.options import grammar
from backup_contract.options.choices import add_choices
from launcher.launch.program_arguments import OWN_OPTIONS, program_arguments
from repo_backup.cli.parser import command_line, parse
from shared.errors import RefusedError
from shared.model.run import Options
from tools import template_patterns

TEMPLATE = Path(__file__).parents[4] / "template.yaml"
BOOTSTRAP = [
    *("backup", "--destination", "s3://b", "--run-id", "r", "--attempt", "1"),
    *("--evidence", "runs/r/attempts/AROAEXAMPLE:i-1/"),
]
GOOD = [
    "",
    "--no-forks",
    "--no-forks --exclude mirror-* --max-size 2G",
    "--include='a b' --exclude 'x y*' --jobs=1 --stall-timeout 90",
    "--allow-shrink --no-drill --no-wikis --no-archived --full",
    "--max-size=500MiB",
    "--exclude=-old",
]
BAD = [
    ("--no-fork", "'--no-fork'; did you mean --no-forks?"),
    ("no-forks", "'no-forks'; did you mean --no-forks?"),
    ("--NO-FORKS", "unknown: '--NO-FORKS'"),
    ("--no-forks --exclude", "argument --exclude: expected one argument"),
    ("--exclude --no-forks", "argument --exclude: expected one argument"),
    ("--no-forks=yes", "argument --no-forks: ignored explicit argument 'yes'"),
    ("--jobs 0", "'0' is not a number from 1 to 64"),
    ("--max-size huge", "'huge' is not a size like 500M or 2G"),
    ("--stall-timeout 1h", "'1h' is not a number from 1 to 3600"),
    ("--no-forks -- --full", "--: whatever follows it would not count as an option"),
    ("--exclude=--", "argument --exclude: expected one argument"),
    ("--jobs=--", "argument --jobs: expected one argument"),
    ("--dry-run", "--dry-run: no run would back anything up. To see whether a run would start"),
    ("--destination /tmp/x", "--destination: the archives go to the stack's own bucket"),
    ("--destination=/tmp/x", "--destination: the archives go to the stack's own bucket"),
    ("--run-id 2020-01-01T00-00-00Z", "--run-id: the launcher names each run"),
    ("--attempt 9", "--attempt: the launcher counts the attempts"),
    (
        "--evidence runs/r/attempts/A:i-1/",
        "--evidence: the launcher and the reporter use a fixed one",
    ),
    ("--owner octo", "--owner: GitHubOwner names the account"),
    ("--only a", '--only: it narrows a single run, {"only": [...]}; use --include'),
    ("--only=a", "--only: it narrows a single run"),
    ("--json", "--json: nobody reads its output there"),
    ("-h", "-h: it would only print the options"),
    ("--help", "--help: it would only print the options"),
]

STRANGE = [
    (
        '--exclude "a b"',
        "it accepts only these. Options, separated by spaces: --jobs 16, --include GLOB",
    ),
    ("--exclude a\\ b", "it accepts only these"),
    ("--no-forks\n--full", "it accepts only these"),
    ("--exclude ö", "it accepts only these"),
    ("--exclude ''", "argument --exclude: it is empty; give a name, or a pattern"),
    ("--exclude=' '", "argument --exclude: it is empty"),
    ("--include ' '", "argument --include: it is empty"),
    ("--exclude -5", "it accepts only these"),
    ("--exclude -", "it accepts only these"),
    ("--exclude 'a", "No closing quotation: close every quotation mark that is opened."),
]
"""What the program would understand, or nearly, and nobody can write so."""
CONTRADICTORY = [
    ("--kinds data --no-data", "--kinds data contradicts --no-data: remove one of the two."),
    ("--lfs --no-lfs", "--lfs contradicts --no-lfs: remove one of the two."),
    ("--lfs --kinds git,wiki", "--lfs contradicts --kinds git,wiki: remove one of the two."),
]
"""What only the launcher can refuse: the words are right one by one."""
ASCII = st.characters(min_codepoint=32, max_codepoint=126)


def names_of_choices() -> list[str]:
    """The options that ``BackupOptions`` may hold."""
    choices = argparse.ArgumentParser(add_help=False)
    add_choices(choices)
    return sorted(names(choices))


def of_the_backup_command() -> argparse.ArgumentParser:
    (commands,) = [
        action
        for action in command_line()._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    found: argparse.ArgumentParser = commands.choices["backup"]
    return found


def names(parser: argparse.ArgumentParser) -> set[str]:
    return {name for action in parser._actions for name in action.option_strings}


@pytest.mark.parametrize("text", GOOD)
def test_what_the_program_understands_reaches_it(text: str) -> None:
    parse([*BOOTSTRAP, *program_arguments(["octo"], text, Options())])


@pytest.mark.parametrize(("text", "output"), [*BAD, *STRANGE, *CONTRADICTORY])
def test_what_would_end_the_program_is_refused_by_its_word_with_the_remedy(
    text: str, output: str
) -> None:
    with pytest.raises(RefusedError) as raised:
        program_arguments(["octo"], text, Options())
    assert raised.value.parameter == "BackupOptions"
    assert output in raised.value.problem
    assert "Correct BackupOptions and deploy again" in raised.value.remedy


@given(
    st.lists(
        st.sampled_from(
            ["--no-forks", "--exclude", "--jobs", "-x", "4", "--", "--include=-a", "b", "--full=1"]
        ),
        max_size=5,
    ),
    st.lists(st.text("-=a*", min_size=1, max_size=4), max_size=2),
)
def test_whatever_is_let_through_the_program_accepts(words: list[str], only: list[str]) -> None:
    try:
        passed = program_arguments(["octo"], " ".join(words), Options(only=tuple(only)))
    except RefusedError:
        return
    options = parse([*BOOTSTRAP, *passed])
    assert options.only[len(options.only) - len(only) :] == only
    assert (options.owner, options.store, options.attempt) == (["octo"], "s3://b", 1)


def test_known_rewrites_are_passed_on_and_anything_else_in_their_place_is_refused() -> None:
    passed = program_arguments(["octo"], "", Options(), ["gh-pages", "renovate/*"])
    assert parse([*BOOTSTRAP, *passed]).known_rewrites == ["gh-pages", "renovate/*"]
    for glob in ("-x", "a b", "$(id)", ""):
        with pytest.raises(RefusedError, match="KnownRewrites"):
            program_arguments(["octo"], "", Options(), [glob])


def test_pins_last_as_long_as_replaced_archives_unless_that_is_chosen() -> None:
    days = [
        parse([*BOOTSTRAP, *program_arguments(["octo"], *more)]).keep_pins_days
        for more in (
            ("", Options(), (), 0),
            ("", Options(), (), 365),
            ("--keep-pins-days 9", Options(), (), 365),
        )
    ]
    assert days == [None, 365, 9]


def test_every_option_of_a_backup_is_a_persons_to_choose_or_the_launchers_to_give() -> None:
    choices = argparse.ArgumentParser(add_help=False)
    add_choices(choices)
    assert names(of_the_backup_command()) - names(choices) == set(OWN_OPTIONS)


class TestTheTemplate:
    """CloudFormation can look at words only, but it looks before anything is deployed."""

    @staticmethod
    @functools.cache
    def pattern() -> str:
        parameters = yaml_parse(TEMPLATE.read_text())["Parameters"]
        found: str = parameters["BackupOptions"]["AllowedPattern"]
        return found

    @pytest.mark.parametrize("text", [*GOOD, "  --no-forks  ", "--exclude  a", "--max-size 1g"])
    def test_allows_what_the_program_understands(self, text: str) -> None:
        assert re.fullmatch(self.pattern(), text)

    @pytest.mark.parametrize("text", [*(text for text, _ in BAD), *(text for text, _ in STRANGE)])
    def test_refuses_the_rest(self, text: str) -> None:
        assert not re.fullmatch(self.pattern(), text)

    def test_has_the_patterns_that_the_contract_gives(self) -> None:
        template = TEMPLATE.read_text()
        assert template_patterns.written(template) == template, "run: make patterns"

    def test_names_every_option_where_it_refuses_one(self) -> None:
        choices = argparse.ArgumentParser(add_help=False)
        add_choices(choices)
        assert set(re.findall(r"--[a-z-]+", grammar.description())) == names(choices)

    @settings(derandomize=True, max_examples=60)
    @given(st.from_regex(grammar.pattern(), fullmatch=True, alphabet=ASCII))
    def test_accepts_nothing_that_launcher_or_program_refuse(self, text: str) -> None:
        try:
            passed = program_arguments(["octo"], text, Options())
        except RefusedError as error:
            assume("contradicts" not in error.problem)
            raise
        parse([*BOOTSTRAP, *passed])

    @settings(derandomize=True, max_examples=60)
    @given(st.text("-=abj'\\\"5GM*[ ", max_size=6), st.sampled_from(names_of_choices()))
    def test_and_the_launcher_accept_the_same(self, text: str, name: str) -> None:
        for given_text in (name + text, f"{name} {text}", text):
            try:
                program_arguments(["octo"], given_text, Options())
                accepted = True
            except RefusedError:
                accepted = False
            assert accepted == grammar.accepts(given_text)

    @settings(derandomize=True, max_examples=30)
    @given(
        st.sampled_from(["--jobs", "--stall-timeout", "--max-size", "--include", "--exclude"]),
        st.text("019KMGkib-*?[]!./ ", min_size=1, max_size=8),
    )
    def test_accepts_every_value_of_such_characters_that_the_program_accepts(
        self, name: str, value: str
    ) -> None:
        try:
            parse([*BOOTSTRAP, f"{name}={value}"])
        except SystemExit:
            return
        quoted = f"'{value}'" if name in ("--include", "--exclude") else value
        assert grammar.accepts(f"{name}={quoted}")
