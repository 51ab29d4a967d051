"""Advice for verdicts whose kind is not enough; ``{launcher}`` is the launcher's function name."""

NOTHING = (
    "Check that the token exists and can see the repositories, and that BackupOptions do not "
    'exclude everything: invoke {launcher} with {{"action": "check"}}.'
)
NOT_ASKED = (
    "To back up everything now, invoke {launcher} with {{}}; the next scheduled run does so too. "
    "Earlier backups are still there."
)
NOT_DRILLED = (
    "The restore drill could not be done for some archives; the reasons are above. Where they name "
    "memory or disk, choose larger InstanceTypes or VolumeSizeGiB. The drill found nothing wrong."
)
CHAIN = (
    "A restore stops before an overlay that is named above; earlier versions of it are in the "
    "bucket. The next run backs up those repositories in full. If nobody replaced or removed "
    "anything on purpose, find out who can write to the bucket (docs/security.md)."
)
DATA = (
    "Git repositories and wikis are saved. The next run continues what is under way and tries "
    "again what failed; to continue now, invoke {launcher} with {{}}."
)
OBJECTS = (
    "The next run checks these large files, downloads again what GitHub still has of them, and "
    "writes their lists again; to run now, invoke {launcher} with {{}}. If nobody removed or "
    "replaced anything on purpose, find out who can write to the bucket (docs/security.md)."
)
