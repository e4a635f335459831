"""An error in words: what is wrong, where, and how to fix it. Refuses to add anything that the error did not choose to say."""

from rich.console import Console

from tre.cli.show import plain


def tell(console: Console, error: BaseException) -> None:
    """Say an error to a person. Never a value from a row: errors of this house carry none."""
    if getattr(error, "problems", None) is not None:
        for line in str(error).splitlines():
            console.print(plain(line), style=None if line.startswith(" ") else "red")
        return
    code, sentence = getattr(error, "code", type(error).__name__), getattr(error, "sentence", str(error))
    promise = getattr(error, "promise", "")
    console.print(f"[bold red]{plain(code)}[/]{f' ({promise})' if promise else ''}: {plain(sentence)}")
    for words in ("where", "fix"):
        if getattr(error, words, ""):
            console.print(f"  {words}: {plain(getattr(error, words))}")


def usage(console: Console, error: Exception) -> None:
    """A command line that cannot be understood, and where to read how it is written."""
    console.print(f"[bold red]usage[/]: {plain(getattr(error, 'message', error))}")
    console.print("  fix: add --help to the command to see how it is written.")
