"""The large files of a run, as ``status`` shows them. Pure."""

from dataclasses import asdict
from typing import cast

from backup_contract.documents.manifest import Manifest
from backup_contract.documents.output.rows import LargeFilesDocument, LargeFilesRow
from backup_contract.documents.parts.results import Referred
from backup_contract.judgement.large_files import large_file_lines, large_files, uploaded_line


def large_files_document(manifest: Manifest | None) -> LargeFilesDocument:
    """The large files of a run; none without a manifest."""
    found = large_files(manifest.items) if manifest else {}
    rows = [cast(LargeFilesRow, {"kind": kind, **asdict(each)}) for kind, each in found.items()]
    put = manifest.objects_put if manifest else None
    return LargeFilesDocument(
        kinds=rows, uploaded=put.count if put else 0, bytes_uploaded=put.bytes if put else 0
    )


def lines(document: LargeFilesDocument) -> list[str]:
    """The large files as lines of text; none if there are no large files."""
    kinds = {
        each["kind"]: Referred(each["count"], each["bytes"], each["saved"], each["saved_bytes"])
        for each in document["kinds"]
    }
    uploaded = uploaded_line(document["uploaded"], document["bytes_uploaded"])
    return [*large_file_lines(kinds), *([uploaded] if uploaded else ())]
