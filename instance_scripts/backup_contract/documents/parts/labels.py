"""Labels of items for people, in place of the names in documents and options. Pure."""

from collections.abc import Iterable

from backup_contract.documents.parts.entries import Item
from backup_contract.kinds import labelled

_COLON = ": "


def label(item: Item) -> str:
    """``octo/hello.wiki``; ``octo/hello, LFS objects`` for ``octo/hello~lfs``."""
    return item.name if item.state == "kept" else labelled(item.entry.full_name, item.kind)


def labelled_problems(problems: Iterable[str], items: Iterable[Item]) -> list[str]:
    """A verdict's problems (``NAME: what is wrong``), with labels instead of names."""
    labels = {each.name: label(each) for each in items}
    parts = (each.partition(_COLON) for each in problems)
    return [f"{labels.get(name, name)}{colon}{rest}" for name, colon, rest in parts]


def repositories_of(problems: Iterable[str], items: Iterable[Item]) -> list[str]:
    """The repositories that the problems concern, once each. An unknown name stays as it is."""
    known = {each.name: each.entry.full_name for each in items}
    names = (each.partition(_COLON)[0] for each in problems)
    return [*dict.fromkeys(known.get(name, name) for name in names)]
