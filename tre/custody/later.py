"""Fields that were added to an event after its kind was first written. Refuses to change what the older ones are spelled like.

A later field is written only where it says something; an event without it has the very bytes that it always had.
"""

from dataclasses import field
from typing import TypeVar

T = TypeVar("T")

LATER = "later"


def later(default: T) -> T:
    """A field with this default, left out of the ledger where it holds it."""
    return field(default=default, metadata={LATER: True})
