"""What most often causes an error in a box, as an ordered table: the first row that fits is the one that is told.

The general rows stand below the special ones. It refuses nothing, and knows nothing of a run: text in, a sentence out.
"""

import re
from dataclasses import dataclass

from sandboxes.model import Status


@dataclass(frozen=True)
class Cause:
    """A pattern in an error's text, what it most often means in a box, and what to do about it."""

    pattern: str
    sentence: str
    fix: str


_NEEDS = "List the action that writes it under `needs`, and write the path as it is from the study's folder."

CAUSES: tuple[Cause, ...] = (
    Cause(
        r"ModuleNotFoundError: No module named|there is no package called",
        "The image has no such package, and a box has no network to install one from.",
        "Use a package that the image has, or ask the site to add this one; a module of your own must be in the study's folder.",
    ),
    Cause(
        r"ImportError: cannot import name",
        "The package is there in another version than the one this was written for.",
        "Look the name up in the version that the image's list of packages gives.",
    ),
    Cause(
        r"socketpair|_make_self_pipe",
        "Local sockets are shut in a box, and asyncio is built on them.",
        "Do without asyncio, or ask for `local_sockets: true` under `resources`; threads and processes work as they are.",
    ),
    Cause(
        r"urlopen|URLError|ConnectionError|NameResolution|Temporary failure in name|getaddrinfo|socket\b"
        r"|[Cc]ould not resolve host|cannot open URL|internet routines",
        "A box has no network.",
        "Put what you need into the study's folder, or take it from the data through an SQL action.",
    ),
    Cause(
        r"FileNotFoundError|No such file or directory|does not exist in current working directory"
        r"|No files found that match",
        "The file is not in the box: an action sees the study's code and the outputs of the actions that it needs.",
        _NEEDS,
    ),
    Cause(
        r"Read-only file system|cannot open file .*: (?:Permission denied|Read-only)|PermissionError: \[Errno 13\]",
        "A box can write in output/ and in /tmp, and nowhere else.",
        "Write results below output/, and what you throw away to a temporary file.",
    ),
    Cause(
        r"No space left on device|Disk quota exceeded|File too large",
        "The space for outputs or for temporary files is used up.",
        "Write less, or aggregate before you write.",
    ),
    Cause(
        r"MemoryError|[Cc]annot allocate|[Oo]ut of [Mm]emory|Unable to allocate",
        "It asked for more memory than the action may use.",
        "Raise `resources: memory`, or read fewer columns and aggregate in the SQL action.",
    ),
    Cause(
        r"can't start new thread|Resource temporarily unavailable|BlockingIOError",
        "It started more processes or threads than a box may have.",
        "Set the number of workers yourself; the machine's own number of processors is not what the box may use.",
    ),
    Cause(
        r"Too many open files",
        "It holds more files open than a box may have.",
        "Close files when they are read.",
    ),
    Cause(
        r"PermissionError: \[Errno 1\]|Operation not permitted",
        "It asked the kernel for something that a box may not have, such as a socket, a link or another owner.",
        "Do without it: compute, read inputs, and write plain files.",
    ),
    Cause(
        r"SyntaxError|IndentationError|TabError|Error: unexpected |Error: malformed",
        "The script could not be read as a program.",
        "Look at the line and the one before it: a bracket, a quote or a comma may be missing.",
    ),
    Cause(
        r"KeyError|ColumnNotFoundError|Binder Error|not in index|undefined columns selected"
        r"|[Cc]olumns? .*(?:doesn.t exist|not found|don.t exist)|Can.t (?:subset|select) columns",
        "There is no column or key of that name.",
        "Compare the name with the extract's columns: print them, and mind upper and lower case.",
    ),
    Cause(
        r"NameError|UnboundLocalError|object .* not found|could not find function",
        "A name is used before it is given a value, or its library was not loaded.",
        "Look for a misspelling, or for a missing import or `library()`.",
    ),
    Cause(
        r"AttributeError|has no attribute",
        "The value is of another kind than the code takes it for, often because something before it found nothing.",
        "Print its type on the line before.",
    ),
    Cause(
        r"EmptyDataError|No columns to parse|IndexError|out of bounds|subscript out of bounds|zero-size array",
        "A table or list is empty, or shorter than the code takes it for.",
        "Handle the case that a filter leaves nothing: real data has such groups too.",
    ),
    Cause(
        r"ZeroDivisionError|division by zero",
        "A group is empty, so that something is divided by nothing.",
        "Leave out empty groups before you divide.",
    ),
    Cause(
        r"could not convert|invalid literal|non-numeric argument|ParserError|Conversion Error|cannot convert",
        "A value is not of the type that the code takes it for, such as an empty text among numbers.",
        "Say the columns' types when you read the file, and decide what a missing value is.",
    ),
    Cause(
        r"NaN|missing values|NA/NaN/Inf|contains NaN",
        "There are missing values, which the model does not take.",
        "Decide what happens to people whose value is missing, and say so in the code.",
    ),
    Cause(
        r"ConvergenceError|Singular matrix|did not converge|singular|LinAlgError",
        "The model can not be fitted to these rows: too few, or columns that say the same.",
        "Look at the number of events in each group; synthetic data has fewer patterns than real data.",
    ),
    Cause(
        r"AssertionError|stopifnot|is not TRUE",
        "A check in your own code did not hold.",
        "It may be right: synthetic data differs from real data in what it holds.",
    ),
)

BY_STATUS = {
    Status.OUT_OF_MEMORY: Cause(
        "",
        "It, or a process it started, needed more memory than the action may use.",
        "Raise `resources: memory`, read fewer columns, or aggregate in the SQL action.",
    ),
    Status.TIMED_OUT: Cause(
        "",
        "It was still running when its time was up.",
        "Raise `resources: time`, or look for a loop that does not end.",
    ),
    Status.OUTPUT_LIMIT: Cause(
        "",
        "It filled the space, or the number of files, that an action may write.",
        "Write fewer files and aggregate first; temporary files belong into /tmp.",
    ),
    Status.OUTPUT_REFUSED: Cause(
        "",
        "A declared output is missing, or is not a plain file that may be kept, so none was kept.",
        "Compare the paths under `outputs` with what the script writes.",
    ),
    Status.CANCELLED: Cause("", "It was cancelled.", "Run it again."),
}


def likely(error: str) -> Cause | None:
    """The first cause whose pattern is in the error's text."""
    return next((cause for cause in CAUSES if re.search(cause.pattern, error)), None)
