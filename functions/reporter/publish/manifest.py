"""The run's manifest as it is published: what an attempt wrote, and the verdict. Pure."""

import json
from collections.abc import Sequence

PUBLISHED = ("verdict", "evidence", "evidence_sha256", "damaged_chains", "copied_chains")
"""The fields that publishing adds: the verdict, which attempt's document it is a copy of, the lists
of the overlays that are not as it says, of which the next run makes new archives, and the lists of
those that are, under other version ids than it says.

Whose attempt it is says ``attempt``, a field of the manifest's own.
"""


def published(
    document: bytes,
    verdict: str,
    evidence: str,
    sha256: str,
    damaged_chains: Sequence[str] = (),
    copied_chains: Sequence[str] = (),
) -> bytes:
    """The JSON object ``document``, which has none of these fields, with them at its end.

    It stays as it was written to the byte but for its end: what is not known here is kept, and a
    document of sixty megabytes is not taken apart.
    """
    values = (verdict, evidence, sha256, [*damaged_chains], [*copied_chains])
    fields = dict(zip(PUBLISHED, values, strict=True))
    end = document.rindex(b"}")
    return document[:end] + b"," + json.dumps(fields, indent=1)[1:].encode() + b"\n"
