"""The words of a command line: global options may stand anywhere. Refuses to touch what follows ``--``."""

from collections.abc import Sequence

ANYWHERE = {"--json": 0, "--site": 1, "--as": 1, "--server": 1}
"""Global options that may stand anywhere on the line, with how many words follow each."""


def hoist(words: Sequence[str]) -> list[str]:
    """The words with the global options first, wherever they stood; what follows ``--`` is left alone."""
    front: list[str] = []
    rest: list[str] = []
    waiting = 0
    for place, word in enumerate(words):
        if word == "--":
            return [*front, *rest, *words[place:]]
        if waiting or word.partition("=")[0] in ANYWHERE:
            front.append(word)
            waiting = waiting - 1 if waiting else (0 if "=" in word else ANYWHERE[word])
        else:
            rest.append(word)
    return [*front, *rest]
