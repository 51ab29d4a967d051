"""How fast repositories are created, and as what."""

from repo_backup.hosts.github.creation import AN_HOUR, seconds_to_wait
from repo_backup.hosts.new_repositories import described, new_name


def test_eighty_a_minute_go_at_once_and_the_next_waits_for_the_first() -> None:
    assert seconds_to_wait([0.0] * 79, 1.0) == 0
    assert seconds_to_wait([0.0] * 80, 1.0) == 59
    assert seconds_to_wait([0.0] * 80, 61.0) == 0


def test_no_more_than_five_hundred_are_created_in_any_hour() -> None:
    created = [each * 2.0 for each in range(AN_HOUR)]
    assert seconds_to_wait(created, 1000.0) == 2600
    assert seconds_to_wait(created, 3600.0) == 0


def test_a_repository_becomes_public_only_where_everything_says_so() -> None:
    def visibility(private: bool, **saved: str) -> str:
        return described("r", private=private, repository=saved).visibility

    assert visibility(private=False) == "public"
    assert visibility(private=True) == "private"
    assert visibility(private=True, visibility="public") == "private"
    assert visibility(private=False, visibility="private") == "private"
    assert visibility(private=True, visibility="internal") == "internal"


def test_what_is_damaged_in_saved_settings_is_left_out() -> None:
    saved = {
        "description": "a\nb\t" + "c" * 400,
        "homepage": 7,
        "has_wiki": "yes",
        "topics": ["a", 1],
    }
    found = described("r", private=True, repository=saved)
    assert found.description.startswith("a b c")
    assert len(found.description) == 350
    assert (found.homepage, found.topics, found.switches) == ("", ("a",), ())
    assert described("r", private=True, repository={"topics": 3}).topics == ()


def test_a_name_has_no_tilde() -> None:
    assert new_name("octo/hello~7") == "hello-7"
