"""What the template's bucket keeps, for how long, and who may write there."""

import json
from typing import Any

from backup_contract.object_keys import ARCHIVES
from launcher.preflight import bucket_findings
from launcher.preflight.findings import Grade
from tests.infrastructure.test_template_parameters import providers
from tools.iam.deployed import BUCKET, KEYS, deploy
from tools.iam.template import Template, text


def lifecycle_rules(template: Template, **parameters: Any) -> list[dict[str, Any]]:
    """Of the stack's bucket, as it is deployed with these parameters."""
    bucket = deploy(template, **parameters).properties("BackupBucket")
    rules: list[dict[str, Any]] = bucket["LifecycleConfiguration"]["Rules"]
    return rules


class TestStorage:
    def test_the_bucket_outlives_the_stack(self, template: Template) -> None:
        bucket = template.resources["BackupBucket"]
        assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
        assert bucket["UpdateReplacePolicy"] == "Retain"
        assert "BucketName" not in bucket["Properties"]
        assert bucket["Condition"] == template.resources["BackupBucketPolicy"]["Condition"]

    def test_the_bucket_keeps_versions_encrypts_and_is_closed(self, template: Template) -> None:
        bucket = template.properties("BackupBucket")
        assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
        assert "AES256" in text(bucket["BucketEncryption"])
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert "BucketOwnerEnforced" in text(bucket["OwnershipControls"])

    def test_a_key_of_ones_own_encrypts_the_bucket(self, template: Template) -> None:
        (rule,) = deploy(template, KmsKeyArn=KEYS["bucket-key"]).properties("BackupBucket")[
            "BucketEncryption"
        ]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": KEYS["bucket-key"],
        }
        assert rule["BucketKeyEnabled"]

    def test_every_version_can_be_locked_for_a_time(self, template: Template) -> None:
        bucket = deploy(template, ObjectLockDays=30).properties("BackupBucket")
        assert bucket["ObjectLockEnabled"] is True
        retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        assert retention == {"Mode": "GOVERNANCE", "Days": 30}
        without = deploy(template).properties("BackupBucket")
        assert not {"ObjectLockEnabled", "ObjectLockConfiguration"} & without.keys()

    def test_no_update_ever_replaces_the_bucket(self, template: Template) -> None:
        """Of the properties that AWS can set at creation only, none is used.

        The resource's schema is AWS's own.
        """
        region = json.loads((providers() / "eu-central-1.json").read_text())
        name = region["AWS::S3::Bucket"].removesuffix(".json")
        schema = json.loads((providers().parent / "resources" / f"{name}.json").read_text())
        fixed = {path.split("/")[2] for path in schema["createOnlyProperties"]}
        assert "BucketName" in fixed
        assert not fixed & set(template.properties("BackupBucket"))

    def test_no_rule_ever_removes_a_current_archive(self, template: Template) -> None:
        fields = {key for rule in lifecycle_rules(template) for key in rule} - {"Id", "Status"}
        assert fields == {
            "NoncurrentVersionExpiration",
            "ExpiredObjectDeleteMarker",
            "AbortIncompleteMultipartUpload",
        }

    def test_archives_move_only_if_asked_for_and_only_where_they_can_be_read_at_once(
        self, template: Template
    ) -> None:
        asked = lifecycle_rules(template, ArchiveBasesAfterDays="60")
        moving = [rule for rule in asked if rule not in lifecycle_rules(template)]
        assert moving == [
            {
                "Id": name,
                "Status": "Enabled",
                "Prefix": prefix,
                "ObjectSizeGreaterThan": "1048576",
                "Transitions": [{"StorageClass": "GLACIER_IR", "TransitionInDays": "60"}],
            }
            for name, prefix in (("move-bases", ARCHIVES), ("move-objects", "objects/"))
        ]
        as_s3_tells = [{"ID": rule["Id"], **rule} for rule in moving]
        replaced = {"Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 365}}
        found = bucket_findings.lifecycle([replaced, *as_s3_tells], 365, BUCKET)
        assert found.grade is Grade.OK

    def test_plain_http_and_other_accounts_are_refused(self, template: Template) -> None:
        for name in ("BackupBucketPolicy", "BackupTopicPolicy", "DeadLetterQueuePolicy"):
            statements = template.properties(name)["PolicyDocument"]["Statement"]
            denied = [each for each in statements if each["Effect"] == "Deny"]
            assert any("aws:SecureTransport" in str(each["Condition"]) for each in denied), name
            for each in statements:
                if each["Effect"] == "Allow":
                    assert "aws:Source" in str(each["Condition"]), name
        assert "aws:PrincipalAccount" in str(template.properties("BackupBucketPolicy"))
