"""The stand-in's HTTP answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """An HTTP answer with a JSON body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
