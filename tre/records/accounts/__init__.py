"""Accounts beside the ledger: what proves that it is you, and nothing that anybody decides.

Passwords, second factors, sessions and tokens, all of them as digests or hashes; in a database file of their own, because
they change and go, and the ledger does not. Refuses to say what anybody may do: roles and training are the site's.
"""

from tre.records.accounts.accounts import Accounts
from tre.records.accounts.shapes import Begun, Credentials, Link, SignedIn, Token

__all__ = ["Accounts", "Begun", "Credentials", "Link", "SignedIn", "Token"]
