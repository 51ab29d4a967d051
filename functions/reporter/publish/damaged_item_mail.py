"""The mail about a run whose item in the run table cannot be read. Pure."""

import shlex

from reporter.config import Config
from shared.errors import DamagedItemError


def damaged_item_mail(error: DamagedItemError, config: Config) -> tuple[str, str]:
    """Subject and body: what is wrong, what still works, and what to do."""
    key = shlex.quote(f'{{"pk": {{"S": "{error.key}"}}}}')
    table = f"--region {config.region} --table-name {config.runs_table} --key {key}"
    return (
        f"[OnlineBackup] run {error.key} cannot be read: {config.stack_name}",
        f"{error}\n\n"
        "No summary of this run can be sent while that is so. Other runs are not affected. An "
        "instance of this run powers itself off before its deadline, and what it backed up is in "
        f"the bucket, below s3://{config.bucket}/github_backups/.\n\n"
        "If a later version of OnlineBackup wrote the item, deploy that version again: the summary "
        "follows within a day. Otherwise remove the item:\n"
        f"aws dynamodb get-item {table}\n"
        f"aws dynamodb delete-item {table}\n\n"
        "You will not hear of this again unless something else is wrong with the item.",
    )
