"""The two kinds of case, and the evolution of each from its events. Refuses nothing: history already happened."""

from tre.custody.law import Law
from tre.custody.requests import JobRequest
from tre.custody.studies import Application

Case = Application | JobRequest
AnyCase = Case | Law
"""What a ledger holds: the law as well, which has a gate of its own (`decide_law`)."""
