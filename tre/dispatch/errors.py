"""Why something could not be dispatched: a code, a sentence, where, and what to do. Never a value from a row."""


class DispatchError(Exception):
    """A study, a spec or a store cannot be dispatched as it stands."""

    def __init__(self, code: str, sentence: str, *, where: str, fix: str) -> None:
        super().__init__(f"{sentence} {fix} [{code}]")
        self.code = code
        self.sentence = sentence
        self.where = where
        self.fix = fix
