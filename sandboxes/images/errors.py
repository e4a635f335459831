"""The one way this room says no: a code for machines, a sentence for people, and what to do next.

It refuses to guess: an image that cannot be built or proved is not there.
"""


class ImageError(Exception):
    """An image cannot be built, read or loaded here."""

    def __init__(self, code: str, sentence: str, fix: str) -> None:
        super().__init__(f"{sentence} {fix}")
        self.code = code
        self.sentence = sentence
        self.fix = fix
