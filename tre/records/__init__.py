"""What is kept, and the only doors to it: the ledger, the vault, the read models.

The database is spoken to in this room and nowhere else. It refuses to edit or delete anything that happened: a mistake
is put right by another event, never by a change to an old one [P13].
"""
