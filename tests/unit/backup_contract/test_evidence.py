"""Where an attempt says how it goes, and what of all that lies below ``runs/`` is a run."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from backup_contract import evidence
from backup_contract.documents.launch import Launched, read_launch

RUN, OTHER = "2026-11-27T17-00-00Z", "2026-12-04T17-00-00Z"
OWN = f"runs/{RUN}/attempts/AROAEXAMPLE:i-1/"
START = datetime(2026, 11, 27, 17, tzinfo=UTC)


def test_a_prefix_ends_in_what_iam_calls_the_user_id_of_an_instance() -> None:
    assert evidence.prefix(RUN, "AROAEXAMPLE", "i-1") == OWN
    assert evidence.is_prefix(OWN, RUN)
    assert evidence.document(OWN) == f"{OWN}evidence.json"


@pytest.mark.parametrize(
    "text",
    [
        *(OWN.replace(RUN, OTHER), OWN.rstrip("/"), f"{OWN}x/", f"/{OWN}", f"{OWN}\n", ""),
        *(f"runs/{RUN}/attempts/../", f"runs/{RUN}/attempts/a/b:c/", f"runs/{RUN}/attempts/:i-1/"),
    ],
)
def test_anything_else_is_no_prefix_of_the_run(text: str) -> None:
    assert not evidence.is_prefix(text, RUN)


def test_what_an_instance_may_put_below_its_prefix_is_never_a_run() -> None:
    """IAM's asterisks cross slashes: any run's name, and any name of a document, can be had."""
    forged = [
        *(f"{OWN}manifest.json", f"{OWN}report.json", f"{OWN}x/manifest.json", f"{OWN}launch.json"),
        *(f"{OWN}evidence.json", f"{OWN}progress.json"),
    ]
    assert evidence.runs(forged) == set()
    assert evidence.manifests((key, START) for key in forged) == {}


def test_a_run_whose_launch_is_written_down_has_the_newest_of_its_attempts_documents() -> None:
    second = OWN.replace("i-1", "i-2")
    later = START + timedelta(hours=1)
    written = [
        (f"runs/{RUN}/launch.json", START),
        (f"{second}evidence.json", later),
        (f"{OWN}evidence.json", START),
    ]
    assert evidence.manifests(written) == {RUN: later}
    published = (f"runs/{RUN}/manifest.json", START - timedelta(hours=1))
    assert evidence.manifests([*written, published]) == {RUN: published[1]}
    assert evidence.runs([f"runs/{RUN}/launch.json", f"{OWN}progress.json"]) == {RUN}


def test_the_lease_and_a_launch_without_a_word_are_no_runs() -> None:
    assert (
        evidence.runs(["runs/lock.json", f"runs/{RUN}/launch.json", "runs//report.json"]) == set()
    )


def launch(**more: object) -> bytes:
    """A launch.json of the first version, and more."""
    first = {"schema": 1, "run_id": RUN, "attempt": 1, "instance_id": "i-1"}
    return json.dumps({**first, **more}).encode()


def test_all_attempts_of_a_launch_are_read_and_the_one_of_an_older_launcher() -> None:
    attempts = [
        {"attempt": 2, "instance_id": "i-1", "evidence": OWN, "later": 1},
        {"attempt": 1, "instance_id": "i-0", "evidence": None},
    ]
    assert read_launch(launch(attempts=attempts), RUN) == (
        Launched(1, "i-0"),
        Launched(2, "i-1", OWN),
    )
    assert read_launch(launch(), RUN) == (Launched(1, "i-1"),)


@pytest.mark.parametrize(
    ("data", "output"),
    [
        (launch(run_id=OTHER), "run_id is that of another run"),
        (launch(attempts={}), "attempts is not a list"),
        (
            launch(attempts=[{"attempt": 1, "instance_id": "i-1", "evidence": "runs/x/"}]),
            r"attempts\[0\].evidence is not the prefix of an attempt of 2026",
        ),
        (b"[" * 100_000, "it is nested too deeply"),
    ],
)
def test_a_damaged_launch_is_named_by_its_field(data: bytes, output: str) -> None:
    with pytest.raises(ValueError, match=output):
        read_launch(data, RUN)
