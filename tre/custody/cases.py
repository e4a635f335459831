"""The two kinds of case, and the evolution of each from its events. Refuses nothing: history already happened."""

from tre.custody.law import Law
from tre.custody.lists import Lists
from tre.custody.requests import JobRequest
from tre.custody.studies import Application

Case = Application | JobRequest
AnyCase = Case | Law | Lists
"""What a ledger holds: the law and the lists of opt-outs as well, which have gates of their own (`decide_law`, `decide_lists`)."""
