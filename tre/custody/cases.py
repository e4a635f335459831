"""The two kinds of case, and the evolution of each from its events. Refuses nothing: history already happened."""

from tre.custody.requests import JobRequest
from tre.custody.studies import Application

Case = Application | JobRequest
