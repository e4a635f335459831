"""Bytes by their digest, on three shelves with a door each: quarantine, released, documents.

There is no module here that gives all three: who may only collect releases cannot import what opens the quarantine, and
an import contract holds that [P1] [P9]. Refuses to change or delete anything that was put.
"""
