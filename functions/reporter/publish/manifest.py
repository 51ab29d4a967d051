"""Builds the published manifest: an attempt's manifest, plus the verdict. Pure."""

import json
from collections.abc import Sequence

PUBLISHED = ("verdict", "evidence", "evidence_sha256", "damaged_chains", "copied_chains")
"""The fields that publishing adds: the verdict; the key and SHA-256 of the attempt's manifest; the
documents of damaged chains, for which the next run makes new archives; and those of chains with
other version ids than recorded.

The attempt's number is in the manifest's own field ``attempt``.
"""


def published(
    document: bytes,
    verdict: str,
    evidence: str,
    sha256: str,
    damaged_chains: Sequence[str] = (),
    copied_chains: Sequence[str] = (),
) -> bytes:
    """The JSON object ``document``, which must have none of these fields, with them added at the
    end.

    The rest stays byte for byte: unknown fields survive, and sixty megabytes need not be parsed.
    """
    values = (verdict, evidence, sha256, [*damaged_chains], [*copied_chains])
    fields = dict(zip(PUBLISHED, values, strict=True))
    end = document.rindex(b"}")
    return document[:end] + b"," + json.dumps(fields, indent=1)[1:].encode() + b"\n"
