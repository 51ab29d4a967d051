"""What somebody would try on the bucket: change what was saved, write what is another part's."""

from tools.iam.deployed import EVERYBODY, INSTANCE_ID, ROLE_ID, Deployed
from tools.iam.judge import USER_ID, Intrusions, Request

RUN = "2026-11-27T17-00-00Z"
DOCUMENTS = ("evidence.json", "progress.json", "backup.log")
ARCHIVE, MARKER = "github_backups/octo/hello.zip", "github_backups/2026-11-27-17-09.txt"
OVERLAY = "github_backups/octo/hello+0123456789ab.0001.zip"
CHAIN = "github_backups/octo/hello+0123456789ab.json"
OBJECT_LIST = "github_backups/octo/hello~data+0123456789ab.objects.json"
OBJECT = f"objects/sha256/ab/cd/abcd{'0' * 60}"
PROGRAM = "admin/init_scripts/repo_backup-0.zip"
OWN, FOREIGN = (
    f"runs/{RUN}/attempts/{USER_ID}/",
    f"runs/{RUN}/attempts/{ROLE_ID}:i-0f0f0f0f0f0f0f0f0/",
)
"""Below which the instance, and another one of the same role, say how their attempts go."""


def history(stack: Deployed) -> Intrusions:
    """What was saved stays as it is, and so do the bucket's settings."""
    bucket = f"arn:aws:s3:::{stack.bucket}"
    for who in EVERYBODY:
        for action in (
            *("DeleteObject", "DeleteObjectVersion", "PutObjectTagging", "PutObjectVersionTagging"),
            *("DeleteObjectTagging", "PutObjectRetention", "PutObjectLegalHold", "PutObjectAcl"),
            *("BypassGovernanceRetention", "PutObjectVersionAcl", "RestoreObject"),
        ):
            for key in (
                ARCHIVE,
                MARKER,
                OBJECT,
                f"runs/{RUN}/manifest.json",
                f"{OWN}evidence.json",
                PROGRAM,
            ):
                yield "what was saved stays", Request(who, f"s3:{action}", f"{bucket}/{key}")
            for key in (OVERLAY, CHAIN, OBJECT_LIST):
                retires = who == "ReporterRole" and action == "DeleteObject"
                if not retires or stack.parameters["ExistingBucketName"]:
                    yield "overlays stay", Request(who, f"s3:{action}", f"{bucket}/{key}")
        for action in (
            *("DeleteBucket", "PutBucketVersioning", "PutLifecycleConfiguration"),
            *("PutBucketPolicy", "DeleteBucketPolicy", "PutEncryptionConfiguration"),
            *("PutBucketObjectLockConfiguration", "PutBucketPublicAccessBlock"),
            *("PutReplicationConfiguration", "PutBucketOwnershipControls", "PutBucketAcl"),
        ):
            yield "the bucket's settings stay", Request(who, f"s3:{action}", bucket)


def objects_of_others(stack: Deployed) -> Intrusions:
    """Who may write what: a part that is taken over cannot speak for another.

    An instance may put a marker, also one of another run and in advance. It counts for nothing
    without the manifest that it names, which must be that run's own instance's. It may put anything
    under an object's key: that counts only if S3's own SHA-256 of it is the one in the key.
    """
    writers = {
        ARCHIVE: "InstanceRole",
        MARKER: "InstanceRole",
        OVERLAY: "InstanceRole",
        CHAIN: "InstanceRole",
        OBJECT_LIST: "InstanceRole",
        OBJECT: "InstanceRole",
        "objects/other": "nobody",
        "github_backups/octo/damaged.json": "nobody",
        **{f"{OWN}{name}": "InstanceRole" for name in DOCUMENTS},
        **{f"{FOREIGN}{name}": "nobody" for name in DOCUMENTS},
        **{f"runs/{RUN}/{name}": "nobody" for name in DOCUMENTS},
        f"runs/{RUN}/attempts/{ROLE_ID}x:{INSTANCE_ID}/evidence.json": "nobody",
        f"runs/{RUN}/attempts/{USER_ID}x/evidence.json": "nobody",
        f"runs/{RUN}/attempts/evidence.json": "nobody",
        f"runs/2026-12-04T17-00-00Z/attempts/{ROLE_ID}:i-0f0f0f0f0f0f0f0f0/evidence.json": "nobody",
        f"runs/{RUN}/manifest.json": "ReporterRole",
        "runs/2026-12-04T17-00-00Z/manifest.json": "ReporterRole",
        "runs/lock.json": "InstanceRole",
        f"runs/{RUN}/launch.json": "LauncherRole",
        PROGRAM: "LauncherRole",
        f"runs/{RUN}/report.json": "ReporterRole",
        "github_backups/index.html": "nobody",
        f"runs/{RUN}/other": "nobody",
        "anything": "nobody",
        "admin/other": "nobody",
        "admin/checked_objects.json": "ReporterRole",
        f"admin/acknowledged/{RUN}.json": "nobody",
    }
    for key, writer in writers.items():
        for who in EVERYBODY:
            if who != writer:
                target = f"arn:aws:s3:::{stack.bucket}/{key}"
                yield f"{key} is {writer}'s", Request(who, "s3:PutObject", target)
    for who in EVERYBODY:
        for key in (
            ARCHIVE,
            MARKER,
            OBJECT,
            f"runs/{RUN}/manifest.json",
            f"runs/{RUN}/report.json",
            PROGRAM,
        ):
            other = f"arn:aws:s3:::{stack.bucket}-other/{key}"
            for action in ("s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"):
                yield "another bucket", Request(who, action, other)
        for action in (
            *("s3:ListBucket", "s3:ListBucketVersions"),
            "s3:ListBucketMultipartUploads",
        ):
            yield "another bucket", Request(who, action, f"arn:aws:s3:::{stack.bucket}-other")
        yield "other buckets", Request(who, "s3:ListAllMyBuckets", "*")
    for key in (ARCHIVE, OBJECT, f"runs/{RUN}/manifest.json"):
        target = f"arn:aws:s3:::{stack.bucket}/{key}"
        yield "the launcher reads no backup", Request("LauncherRole", "s3:GetObject", target)
    program = f"arn:aws:s3:::{stack.bucket}/{PROGRAM}"
    yield "the reporter runs nothing", Request("ReporterRole", "s3:GetObject", program)
