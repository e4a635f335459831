"""Lists for people, folded from the ledger: studies, job requests, the public register.

They hold nothing that the ledger does not, can be dropped at any time, and come back to the same bytes. Refuses to be
evidence of anything: what decides is always folded from the events themselves.
"""

from tre.records.read_models.folding import ReadModels
from tre.records.read_models.listing import Listing, Wanted
from tre.records.read_models.shapes import (
    Register,
    RegisteredJob,
    RegisteredRelease,
    RegisteredStudy,
    RequestRow,
    ReviewRow,
    StudyRow,
)

__all__ = [
    "Listing",
    "ReadModels",
    "Register",
    "RegisteredJob",
    "RegisteredRelease",
    "RegisteredStudy",
    "RequestRow",
    "ReviewRow",
    "StudyRow",
    "Wanted",
]
