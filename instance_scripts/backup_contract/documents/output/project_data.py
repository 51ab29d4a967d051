"""The output of ``show``, and of ``diff`` for changes of project data."""

from typing import Annotated, Any, NotRequired, TypedDict

from backup_contract.documents.output.schema import SourceDocument


class ItemChangesRow(TypedDict):
    """Changes of the items of a repository's project data, in ``diff``."""

    new: Annotated[dict[str, int], "new items by folder, such as issues"]
    changed: Annotated[dict[str, int], "changed items by folder, comments included"]
    gone: Annotated[dict[str, int], "items deleted on GitHub, by folder; they stay in the archive"]


class DataItemRow(TypedDict):
    """One issue, pull request, discussion or release, in ``show``."""

    path: Annotated[str, "path of its document in the data archive"]
    name: Annotated[str, "#12, or a release's tag"]
    kind: Annotated[str, "issue, pull request, discussion, release"]
    state: Annotated[str, "open, closed (…), merged, draft, answered, published, prerelease"]
    title: Annotated[str, "as its author wrote it"]
    author: Annotated[str, "its author; ghost if the account was deleted"]
    created_at: Annotated[str, "ISO 8601, UTC"]
    updated_at: Annotated[str, "ISO 8601, UTC"]
    comments: Annotated[int, "saved comments, including those deleted on GitHub"]
    gone_since: Annotated[str | None, "when a run found it deleted on GitHub; null if it is not"]


class ShowDocument(SourceDocument):
    """``repo-backup show --json``: the overview, a list, or one item by its number."""

    repository: Annotated[str, "owner/name"]
    key: Annotated[str, "the archive"]
    run_id: Annotated[str | None, "the run of --at or --run-id; null without them"]
    saved_by: Annotated[str, "the run that last changed what is shown"]
    incomplete: Annotated[
        bool, "an earlier state than requested, because an overlay is missing or damaged"
    ]
    remarks: Annotated[list[str], "further remarks"]
    sections: NotRequired[
        Annotated[dict[str, dict[str, Any]], "overview: the sections in the archive's index.json"]
    ]
    items: NotRequired[Annotated[list[DataItemRow], "list: its items, newest first"]]
    documents: NotRequired[
        Annotated[dict[str, Any], "item: its documents by path, as GitHub's API returned them"]
    ]
    gone: NotRequired[
        Annotated[dict[str, str], "item: since when it, or a part of it, is deleted on GitHub"]
    ]
