"""What the core says when it will not.

The tree::

    CustodyError
    +-- Refusal            a person asked for a step that a policy does not allow: tell them
    +-- Malformed          a noun was built from values that cannot be true: our own bug or a tampered event

A refusal is a code for machines and sentences for people: what is wrong, and what to do next. This module refuses to
carry anything else: no value from a row, no exception of ours, no other person's vote.
"""


class CustodyError(Exception):
    """Base of everything the pure core raises."""


class Refusal(CustodyError):
    """A step that was asked for and is not allowed.

    Attributes:
        code: stable word for machines, e.g. ``approval-lapsed``.
        sentence: what is wrong, for the person who asked.
        fix: what that person can do next.
        promise: the id in the policy that this refusal keeps, e.g. ``P4``.
    """

    def __init__(self, code: str, sentence: str, fix: str, promise: str) -> None:
        super().__init__(f"{code} [{promise}]: {sentence} {fix}")
        self.code = code
        self.sentence = sentence
        self.fix = fix
        self.promise = promise


class Malformed(CustodyError):
    """A noun or event whose parts contradict each other; never raised for something a person typed."""


def require(condition: object, sentence: str) -> None:
    """Refuse to build a noun that would not be true.

    Raises:
        Malformed: when ``condition`` is false.
    """
    if not condition:
        raise Malformed(sentence)
