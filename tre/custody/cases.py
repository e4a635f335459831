"""The two kinds of case, and the evolution of each from its events. Refuses nothing: history already happened."""

from tre.custody.law import Law
from tre.custody.lists import Lists
from tre.custody.requests import JobRequest
from tre.custody.retention import Retention
from tre.custody.studies import Application

Case = Application | JobRequest
AnyCase = Case | Law | Lists | Retention
"""What a ledger holds: the law, the lists of opt-outs and what was deleted as well, each with a gate of its own (`decide_law`,
`decide_lists`, `decide_retention`).
"""
