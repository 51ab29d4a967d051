"""Each check of the preflight says in one line what is so and, if it is not well, the remedy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from launcher.preflight import account_plan, bucket_findings, findings
from launcher.preflight.account_plan import AccountPlan
from launcher.preflight.findings import EgressRoute, Finding, Grade, Quota, Subscriber
from launcher.preflight.github_rights import AccessReport, count_of_pages, of_total, without_token
from shared.model.run import Attempt, Options, Run

NOW = datetime(2026, 11, 27, 17, 3, 9, tzinfo=UTC)
RULE: dict[str, Any] = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234"
REPLACED = {**RULE, "NoncurrentVersionExpiration": {"NoncurrentDays": 365}}


def lifecycle(*rules: dict[str, Any]) -> Finding:
    return bucket_findings.lifecycle(rules, 365, "backups")


class TestMail:
    def mail(self, *subscribers: Subscriber) -> Finding:
        return findings.mail(subscribers, "arn:topic", "eu-central-1")

    def test_who_has_not_confirmed_is_named_with_the_way_to_a_new_link(self) -> None:
        found = self.mail(Subscriber("email", "me@example.com", confirmed=False))
        assert found.grade is Grade.ACTION_NEEDED
        assert found.reason.startswith("me@example.com has not confirmed")
        assert (
            "aws sns subscribe --region eu-central-1 --topic-arn arn:topic --protocol email "
            "--notification-endpoint me@example.com"
        ) in found.reason

    def test_where_somebody_is_told_another_who_is_not_is_only_a_note(self) -> None:
        found = self.mail(Subscriber("email", "a@b.de", True), Subscriber("email", "c@d.de", False))
        assert (found.grade, found.reason[:7]) == (Grade.NOTE, "c@d.de ")

    def test_nobody_subscribed_is_to_be_mended(self) -> None:
        assert self.mail().grade is Grade.ACTION_NEEDED

    def test_all_confirmed_is_well(self) -> None:
        assert self.mail(Subscriber("email", "a@b.de", True)).reason == "a@b.de"


class TestPlan:
    @pytest.mark.parametrize(
        ("found", "grade", "output"),
        [
            (None, Grade.OK, "not on the free plan"),
            (AccountPlan("PAID", "ACTIVE"), Grade.OK, "paid"),
            (
                AccountPlan("FREE", "ACTIVE", NOW + timedelta(days=20)),
                Grade.ACTION_NEEDED,
                "2026-12-17",
            ),
            (AccountPlan("FREE", "NOT_STARTED"), Grade.ACTION_NEEDED, "the free plan: then"),
            (AccountPlan("FREE", "EXPIRED"), Grade.ACTION_NEEDED, "has ended"),
            (AccountPlan("FREE", "ACTIVE", NOW), Grade.ACTION_NEEDED, "has ended"),
        ],
    )
    def test_a_free_plan_is_told_with_its_end_and_what_that_means(
        self, found: AccountPlan | None, grade: Grade, output: str
    ) -> None:
        line = account_plan.plan(found, NOW)
        assert line.grade is grade
        assert output in line.reason
        if grade is Grade.ACTION_NEEDED:
            assert "deletes its contents, every backup among them, 90 days later" in line.reason
            assert "Upgrade" in line.reason


class TestTypes:
    def test_all_are_offered(self) -> None:
        assert findings.types(["a.b", "c.d"], ["c.d", "a.b"]).grade is Grade.OK

    def test_those_that_are_not_are_named_with_those_that_are_left(self) -> None:
        line = findings.types(["a.b", "c.d", "e.f"], ["c.d"])
        assert (line.grade, line.reason) == (
            Grade.NOTE,
            "this region does not offer a.b, e.f; that leaves c.d",
        )


class TestNetwork:
    @pytest.mark.parametrize(
        ("egress_routes", "public", "grade", "output"),
        [
            (
                [EgressRoute("s-1", "igw-1"), EgressRoute("s-2", "igw-1")],
                True,
                Grade.OK,
                "internet through igw-1",
            ),
            ([EgressRoute("s-1", "nat-1")], False, Grade.OK, "nat-1"),
            (
                [EgressRoute("s-1", "igw-1"), EgressRoute("s-2", "")],
                True,
                Grade.NOTE,
                "s-2: no route",
            ),
            ([EgressRoute("s-1", "")], True, Grade.ACTION_NEEDED, "aws ec2 create-route"),
            ([EgressRoute("s-1", "igw-1")], False, Grade.ACTION_NEEDED, "AssignPublicIp=true"),
        ],
    )
    def test_every_subnet_needs_a_way_out_that_fits_its_addresses(
        self, egress_routes: list[EgressRoute], public: bool, grade: Grade, output: str
    ) -> None:
        found = findings.network(egress_routes, public_address=public)
        assert found.grade is grade
        assert output in found.reason


class TestQuota:
    SPOT = Quota("L-34B43A08", "spot", "MaxSpotInstanceCountExceeded", 5, 1)

    def test_enough_is_well(self) -> None:
        assert findings.quota(self.SPOT, "eu-central-1").grade is Grade.OK

    def test_too_little_comes_with_the_request_for_more(self) -> None:
        found = findings.quota(replace(self.SPOT, allowed=0, need=2), "eu-central-1")
        assert found.grade is Grade.ACTION_NEEDED
        assert (
            "aws service-quotas request-service-quota-increase --region eu-central-1 "
            "--service-code ec2 --quota-code L-34B43A08 --desired-value 4"
        ) in found.reason


class TestBucket:
    def test_rules_as_the_stack_makes_them_are_well(self) -> None:
        uploads = {**RULE, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}}
        assert lifecycle(REPLACED, uploads).grade is Grade.OK

    @pytest.mark.parametrize("expiry", [{"Days": 30}, {"Date": "2027-01-01T00:00:00Z"}])
    def test_a_rule_that_deletes_the_newest_archives_is_found(self, expiry: Any) -> None:
        found = lifecycle(REPLACED, {**RULE, "ID": "clean up", "Expiration": expiry})
        assert found.grade is Grade.ACTION_NEEDED
        assert found.reason.startswith("rule clean up deletes the newest archives too")

    @pytest.mark.parametrize(
        "harmless",
        [
            {**RULE, "Status": "Disabled", "Expiration": {"Days": 1}},
            {**RULE, "Filter": {"Prefix": "elsewhere/"}, "Expiration": {"Days": 1}},
            {"ID": "old style", "Status": "Enabled", "Prefix": "x/", "Expiration": {"Days": 1}},
            {**RULE, "Expiration": {"ExpiredObjectDeleteMarker": True}},
        ],
        ids=["disabled", "elsewhere", "old style", "delete markers"],
    )
    def test_a_rule_that_reaches_no_archive_does_not_matter(self, harmless: Any) -> None:
        assert lifecycle(REPLACED, harmless).grade is Grade.OK

    @pytest.mark.parametrize(
        "chosen", [{"Prefix": "github_backups/octo/"}, {"And": {"Prefix": "git", "Tags": []}}]
    )
    def test_a_rule_for_some_archives_matters(self, chosen: Any) -> None:
        assert (
            lifecycle({**RULE, "Filter": chosen, "Expiration": {"Days": 1}}).grade
            is Grade.ACTION_NEEDED
        )

    def test_replaced_archives_that_go_too_soon_are_found(self) -> None:
        found = lifecycle({**RULE, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}})
        assert found.grade is Grade.ACTION_NEEDED
        assert "after 30 days, KeepVersionsDays is 365" in found.reason

    def test_archives_that_no_restore_can_read_at_once_are_found(self) -> None:
        moved = {**REPLACED, "Transitions": [{"Days": 1, "StorageClass": "DEEP_ARCHIVE"}]}
        assert lifecycle(moved).grade is Grade.ACTION_NEEDED

    def test_no_rule_at_all_only_costs_money(self) -> None:
        assert lifecycle().grade is Grade.NOTE

    @pytest.mark.parametrize(
        ("found", "grade"),
        [
            (bucket_findings.versioning("Enabled", "b"), Grade.OK),
            (bucket_findings.versioning("Suspended", "b"), Grade.ACTION_NEEDED),
            (bucket_findings.versioning("", "b"), Grade.ACTION_NEEDED),
            (bucket_findings.encryption("AES256", "", ""), Grade.OK),
            (bucket_findings.encryption("aws:kms", "", ""), Grade.OK),
            (bucket_findings.encryption("aws:kms", "alias/aws/s3", ""), Grade.OK),
            (bucket_findings.encryption("aws:kms", KEY, KEY), Grade.OK),
            (bucket_findings.encryption("aws:kms", "1234", KEY), Grade.OK),
            (bucket_findings.encryption("aws:kms", KEY, ""), Grade.ACTION_NEEDED),
            (bucket_findings.encryption("aws:kms:dsse", KEY, KEY + "5"), Grade.ACTION_NEEDED),
            (bucket_findings.public_access({"BlockPublicAcls": True}, "b"), Grade.OK),
            (bucket_findings.public_access({"A": True, "B": False}, "b"), Grade.ACTION_NEEDED),
            (bucket_findings.public_access({}, "b"), Grade.ACTION_NEEDED),
        ],
    )
    def test_settings_that_endanger_backups_are_found(self, found: Finding, grade: Grade) -> None:
        assert found.grade is grade


class TestSchedule:
    def test_the_next_five_times_are_told_in_the_schedules_own_zone(self) -> None:
        found = findings.schedule("cron(0 17 ? * FRI *)", "Europe/Berlin", "ENABLED", NOW)
        assert found.reason == (
            "Fri 2026-12-04 17:00, Fri 2026-12-11 17:00, Fri 2026-12-18 17:00, "
            "Fri 2026-12-25 17:00, Fri 2027-01-01 17:00 (Europe/Berlin)"
        )

    @pytest.mark.parametrize(
        ("expression", "state", "grade", "output"),
        [
            ("cron(0 17 ? * FRI *)", "DISABLED", Grade.NOTE, "ScheduleState=ENABLED"),
            ("rate(7 days)", "ENABLED", Grade.OK, "every 7 days"),
            ("rate(12 hours)", "ENABLED", Grade.OK, "every 0.5 days"),
            ("cron(0 0 1 1 ? 2020)", "ENABLED", Grade.ACTION_NEEDED, "never due again"),
            ("cron(gibberish)", "ENABLED", Grade.NOTE, "cannot be evaluated here"),
        ],
    )
    def test_what_is_out_of_the_ordinary_is_said(
        self, expression: str, state: str, grade: Grade, output: str
    ) -> None:
        found = findings.schedule(expression, "UTC", state, NOW)
        assert found.grade is grade
        assert output in found.reason


def test_dead_letters_come_with_the_commands_to_read_and_to_remove_them() -> None:
    found = findings.dead_letters(2, "https://queue", "eu-central-1")
    assert found.grade is Grade.ACTION_NEEDED
    assert "aws sqs receive-message --region eu-central-1 --queue-url https://queue" in found.reason
    assert "aws sqs purge-queue" in found.reason
    assert findings.dead_letters(0, "https://queue", "eu-central-1").grade is Grade.OK


@pytest.mark.parametrize(
    ("verdict", "grade"),
    [
        ("verified", Grade.OK),
        ("partial", Grade.NOTE),
        ("missed", Grade.ACTION_NEEDED),
        (None, Grade.OK),
    ],
)
def test_the_last_runs_verdict_is_told(verdict: str | None, grade: Grade) -> None:
    run = Run("2026-11-20T17-00-00Z", "schedule", NOW, attempts=(Attempt(1, NOW, NOW),))
    assert findings.last_run(replace(run, verdict=verdict)).grade is grade


def test_a_narrowed_last_run_is_told_as_one() -> None:
    asked = Options(only=("hello",))
    run = Run("2026-11-20T17-00-00Z", "manual", NOW, asked, verdict="verified")
    found = findings.last_run(run)
    assert found.grade is Grade.NOTE
    assert "narrowed to hello: it says nothing about the others" in found.reason


def test_before_the_first_run_there_is_none_to_tell_of() -> None:
    assert findings.last_run(None).grade is Grade.NOTE


class TestAnswer:
    GOOD = Finding("mail", Grade.OK, "a@b.de")
    NOTE = Finding("last run", Grade.NOTE, "none yet")
    BAD = Finding("network", Grade.ACTION_NEEDED, "no route")
    DENIED = Finding("schedule", Grade.UNKNOWN, "denied")

    def test_lines_keep_their_order_and_begin_with_their_grade(self) -> None:
        answer = findings.answer([self.GOOD, self.BAD, self.NOTE])
        assert list(answer.checks.items()) == [
            ("mail", "ok: a@b.de"),
            ("network", "action needed: no route"),
            ("last run", "note: none yet"),
        ]

    @pytest.mark.parametrize(
        ("found", "status", "summary"),
        [
            ([GOOD, NOTE], "ok", "all 2 checks are in order"),
            ([GOOD, BAD], "mend", "action needed: network"),
            ([DENIED], "unknown", "could not be checked: schedule"),
            ([DENIED, BAD], "mend", "action needed: network; could not be checked: schedule"),
        ],
    )
    def test_the_worst_line_is_the_status(
        self, found: list[Finding], status: str, summary: str
    ) -> None:
        answer = findings.answer(found)
        assert (answer.status, answer.summary) == (status, summary)

    def test_no_line_holds_what_the_console_would_escape(self) -> None:
        for found in (
            findings.mail([], "arn", "r"),
            findings.spot_role(exists=False),
            bucket_findings.versioning("", "b"),
            bucket_findings.public_access({}, "b"),
            lifecycle({**RULE, "Expiration": {"Days": 1}}),
        ):
            assert not set('"\\\n') & set(found.reason)


@pytest.mark.parametrize(
    ("seen", "anonymous", "grade", "output"),
    [
        ([AccessReport("octo", 8, 0, 8)], False, Grade.OK, "octo, 8 repositories seen"),
        ([AccessReport("octo", 8, 0)], False, Grade.OK, "octo, 8 repositories seen, total unknown"),
        (
            [AccessReport("octo", 8, 3, 11)],
            False,
            Grade.OK,
            "octo, 11 repositories seen (3 private)",
        ),
        ([AccessReport("octo", 8, None)], False, Grade.OK, "octo, 8 public repositories seen"),
        ([AccessReport("octo", 0, None)], False, Grade.OK, "octo, 0 public repositories seen"),
        ([AccessReport("octo", None, None)], False, Grade.OK, "octo"),
        ([], False, Grade.OK, "octo"),
        (
            [AccessReport("octo", 0, 0)],
            True,
            Grade.ACTION_NEEDED,
            "nothing would be backed up; store a token",
        ),
        (
            [AccessReport("octo", 0, 0)],
            False,
            Grade.ACTION_NEEDED,
            "backed up; give the token access",
        ),
        (
            [AccessReport("octo", 0, 0), AccessReport("cat", 1, 0)],
            False,
            Grade.NOTE,
            "octo, 0 repositories seen",
        ),
    ],
)
def test_what_github_shows_is_counted_and_nothing_at_all_is_to_be_mended(
    seen: list[AccessReport], anonymous: bool, grade: Grade, output: str
) -> None:
    found = findings.github([], seen, ["octo"], anonymous=anonymous)
    assert found.grade is grade
    assert output in found.reason


@pytest.mark.parametrize(
    ("limits", "grade"),
    [
        ([], Grade.OK),
        (without_token(), Grade.ACTION_NEEDED),
        (of_total(AccessReport("octo", 8, 3, 30)), Grade.ACTION_NEEDED),
    ],
    ids=["none", "no-token", "fewer"],
)
def test_what_the_access_hides_is_to_be_mended(limits: list[str], grade: Grade) -> None:
    found = findings.github([], [AccessReport("octo", 8, 3, 30)], ["octo"], limits, anonymous=False)
    assert found.grade is grade
    assert all(limit in found.reason for limit in limits)


@pytest.mark.parametrize(
    ("seen", "output"),
    [
        (
            AccessReport("octo", 8, 3, 30),
            "11 of 30 repositories of octo are visible: give the token access",
        ),
        (AccessReport("octo", 8, 3, 11), ""),
        (AccessReport("octo", 8, 3), ""),
        (AccessReport("octo", 8, None, 30), ""),
    ],
)
def test_fewer_than_github_counts_is_told_with_the_numbers(seen: AccessReport, output: str) -> None:
    assert "".join(of_total(seen)).startswith(output)
    assert bool(of_total(seen)) == bool(output)


@pytest.mark.parametrize(
    ("link", "count"),
    [
        ('<https://h/x?per_page=1&page=2>; rel="next", <https://h/x?page=31&a=1>; rel="last"', 31),
        ('<https://h/x?per_page=1&page=7>; rel="last"', 7),
        ('<https://h/x?per_page=1>; rel="last"', None),
        (None, None),
        ("page=3", None),
    ],
)
def test_a_listing_of_one_a_page_tells_how_many_there_are(
    link: str | None, count: int | None
) -> None:
    assert count_of_pages(link) == count
