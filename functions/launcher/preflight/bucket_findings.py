"""Judges the bucket's settings, which matter most for an existing bucket. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from backup_contract.object_keys import ARCHIVES, OBJECTS
from launcher.preflight.findings import Finding, Grade

_AWS_MANAGED = "alias/aws/s3"
"""The key that all roles of the account may use through S3."""
_SLOW_CLASSES = ("GLACIER", "DEEP_ARCHIVE")


def versioning(status: str, bucket: str) -> Finding:
    """Whether a replaced archive can be restored."""
    if status == "Enabled":
        return Finding("bucket versions", Grade.OK, f"s3://{bucket} keeps replaced archives")
    return Finding(
        "bucket versions",
        Grade.ACTION_NEEDED,
        "a new archive destroys the one before: aws s3api put-bucket-versioning "
        f"--bucket {bucket} --versioning-configuration Status=Enabled",
    )


def encryption(algorithm: str, key: str, granted: str) -> Finding:
    """Whether the stack's roles can use the bucket's encryption.

    ``key`` is the id, ARN or alias in the bucket's settings, ``granted`` the ARN in ``KmsKeyArn``.
    """
    ours = key and granted.rpartition("/")[2] == key.rpartition("/")[2]
    if key and not ours and not key.endswith(_AWS_MANAGED):
        return Finding(
            "bucket encryption",
            Grade.ACTION_NEEDED,
            f"{algorithm} with {key}, which the stack's roles may not use: deploy with KmsKeyArn, "
            f"the key's ARN (aws kms describe-key --key-id {key} --query KeyMetadata.Arn)",
        )
    return Finding("bucket encryption", Grade.OK, algorithm)


def public_access(settings: Mapping[str, bool], bucket: str) -> Finding:
    """Whether Block Public Access is on."""
    if settings and all(settings.values()):
        return Finding("bucket public", Grade.OK, "closed to the public")
    return Finding(
        "bucket public",
        Grade.ACTION_NEEDED,
        f"nothing blocks public access: aws s3api put-public-access-block --bucket {bucket} "
        "--public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,"
        "BlockPublicPolicy=true,RestrictPublicBuckets=true",
    )


def lifecycle(rules: Sequence[Mapping[str, Any]], keep_days: int, bucket: str) -> Finding:
    """Whether lifecycle rules keep current archives, and replaced ones long enough."""
    active = [rule for rule in rules if rule.get("Status") == "Enabled" and _covers(rule)]
    show = f"aws s3api get-bucket-lifecycle-configuration --bucket {bucket}"
    for rule in active:
        name, expiry = rule.get("ID", "?"), rule.get("Expiration", {})
        if "Days" in expiry or "Date" in expiry:
            return Finding(
                "bucket lifecycle",
                Grade.ACTION_NEEDED,
                f"rule {name} deletes the newest archives too: remove its Expiration ({show})",
            )
    kept = [
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in active
        if "NoncurrentDays" in rule.get("NoncurrentVersionExpiration", {})
    ]
    if kept and min(kept) < keep_days:
        return Finding(
            "bucket lifecycle",
            Grade.ACTION_NEEDED,
            f"replaced archives are deleted after {min(kept)} days, KeepVersionsDays is "
            f"{keep_days}: change the rule ({show}), or deploy with KeepVersionsDays={min(kept)}",
        )
    for rule in active:
        slow = [t for t in rule.get("Transitions", []) if t.get("StorageClass") in _SLOW_CLASSES]
        if slow:
            return Finding(
                "bucket lifecycle",
                Grade.ACTION_NEEDED,
                f"rule {rule.get('ID', '?')} moves archives to {slow[0]['StorageClass']}, where "
                f"neither drill nor restore can read them at once: remove its transition ({show})",
            )
    if not kept:
        return Finding(
            "bucket lifecycle",
            Grade.NOTE,
            f"replaced archives are kept for ever and billed; KeepVersionsDays ({keep_days}) "
            "applies only to the stack's own bucket. docs/costs.md has a rule to paste",
        )
    return Finding("bucket lifecycle", Grade.OK, f"replaced archives are kept for {min(kept)} days")


def _covers(rule: Mapping[str, Any]) -> bool:
    """Whether a lifecycle rule applies to archives or to the binaries that they refer to."""
    chosen = rule.get("Filter", rule)
    prefix = chosen.get("And", chosen).get("Prefix", "") or ""
    return any(each.startswith(prefix) or prefix.startswith(each) for each in (ARCHIVES, OBJECTS))
