"""What ``show`` prints of project data, and ``diff`` of its changes."""

from typing import Annotated, Any, NotRequired, TypedDict

from backup_contract.documents.output.schema import SourceDocument


class ItemChangesRow(TypedDict):
    """Changes of the items of a repository's project data, in ``diff``."""

    new: Annotated[dict[str, int], "by folder, as issues, number of new items"]
    changed: Annotated[dict[str, int], "how many changed, comments included"]
    gone: Annotated[dict[str, int], "how many are gone from GitHub; they stay in the archive"]


class DataItemRow(TypedDict):
    """One issue, pull request, discussion or release, in ``show``."""

    path: Annotated[str, "of its document in the data archive"]
    name: Annotated[str, "#12, or a release's tag"]
    kind: Annotated[str, "issue, pull request, discussion, release"]
    state: Annotated[str, "open, closed (…), merged, draft, answered, published, prerelease"]
    title: Annotated[str, "as its author wrote it"]
    author: Annotated[str, "ghost where the account is gone"]
    created_at: Annotated[str, "ISO 8601, UTC"]
    updated_at: Annotated[str, "ISO 8601, UTC"]
    comments: Annotated[int, "that are saved, those included that are gone from GitHub"]
    gone_since: Annotated[str | None, "when a run found it gone from GitHub; null if it is there"]


class ShowDocument(SourceDocument):
    """``repo-backup show --json``: the overview, a list, or what has a number."""

    repository: Annotated[str, "owner/name"]
    key: Annotated[str, "the archive"]
    run_id: Annotated[str | None, "the run of --at or --run-id; null without them"]
    saved_by: Annotated[str, "the run that last changed what is shown"]
    incomplete: Annotated[bool, "an earlier state than was asked for: an overlay is at fault"]
    remarks: Annotated[list[str], "further remarks"]
    sections: NotRequired[
        Annotated[dict[str, dict[str, Any]], "overview: as in the archive's index.json"]
    ]
    items: NotRequired[Annotated[list[DataItemRow], "of a list, newest first"]]
    documents: NotRequired[
        Annotated[dict[str, Any], "of a number: by path, as GitHub's API returned them"]
    ]
    gone: NotRequired[
        Annotated[dict[str, str], "of a number: since when it, or a part of it, is gone"]
    ]
