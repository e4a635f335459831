"""Every health check, a fault that is planted before it, and what is said then: what the tests insist on, and `docs/health-checks.md` shows.

Where ``said`` has a star, something stands there that differs from site to site.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tre.health.found import Found


@dataclass(frozen=True)
class Fault:
    """A fault: the check that must see it, what was done, and what is said."""

    check: str
    planted: str
    said: str

    def is_told_by(self, found: Found) -> bool:
        """Whether the check failed, said this, and said what to do."""
        return not found.healthy and fnmatchcase(found.found, self.said) and bool(found.fix)


LOOKING = (
    Fault("engine", "the engine is away", "it does not answer: ConnectionError"),
    Fault("engine", "no image is there", "no image is here"),
    Fault("walls", "one wall of a real box is taken down", "*: * is open*"),
    Fault("walls", "an image's probes do not come back", "sql: its probes did not all come back"),
    Fault("walls", "no image is there", "there is no image to try"),
    Fault("kernel", "the kernel is old", "kernel 4.4.0*CVE-2022-0847*"),
    Fault("disk", "the disk is full", "0.1 GB are free"),
    Fault("clock", "the clock goes back by a day", "* s behind the last event"),
    Fault("keys", "a key may be read by others", "others may read signing.key"),
    Fault("keys", "the accounts' key is another", "accounts.key is not the one of 1 people"),
    Fault("keys", "the key that studies get theirs from is gone", "tpp/studies.v1.key is not there"),
    Fault("opt-out-list", "the opt-out list is old", "tpp: the opt-out list is of 2020-01-01"),
    Fault("opt-out-list", "the opt-out list is of tomorrow", "tpp: the opt-out list is of *"),
    Fault("stores", "a byte of a store is altered", "tpp: A file of the store is not what was built."),
    Fault(
        "stores",
        "a store is signed by somebody else",
        "tpp: The store is not signed with this backend's key.",
    ),
    Fault("ledger", "an event is altered", "The event at position 2 *"),
    Fault(
        "ledger",
        "its end is cut off",
        "The ledger ends at position 5; a checkpoint was signed when it held *.",
    ),
    Fault("daybook", "an entry is altered", "The daybook's entry 1 is not the one that was written there."),
    Fault("checkpoint", "the checkpoints are gone", "nothing was ever signed"),
    Fault("checkpoint", "nine days pass", "signed on *"),
    Fault("certificates", "a certificate ends in a week", "the ledger's server (sslrootcert): it ends on *"),
    Fault(
        "certificates",
        "a certificate's file is gone",
        "the ledger's server (sslrootcert): its file cannot be read",
    ),
    Fault(
        "certificates",
        "a server shows one that nobody here trusts",
        "the hook: this host does not trust it (self-signed certificate)",
    ),
    Fault("backup", "nine days pass", "the last one is of *"),
    Fault("backup", "the folder for backups cannot be written to", "the last try failed: NotADirectoryError"),
    Fault("retention", "nine days pass", "the last one is of *"),
    Fault("retention", "a run dies half way", "* deletions were ordered and are not certified"),
    Fault("retention", "an extract to be listed is not there", "the last try failed: *"),
    Fault("deletions", "a deleted file is put back", "Something that a certificate calls deleted is here."),
    Fault(
        "deletions", "a certificate is signed by somebody else", "The certificate is not signed by this site."
    ),
    Fault("messages", "a mail server refuses everything", "1 messages did not leave, tried again and again"),
    Fault(
        "messages",
        "nobody has an address",
        "no maintainer and no Caldicott Guardian or data protection officer can be told by mail or hook",
    ),
    Fault(
        "messages",
        "nobody who watches has an address",
        "no Caldicott Guardian or data protection officer can be told by mail or hook",
    ),
    Fault("releases", "a released file is altered", "job-*: A file is not the one that the statement names."),
    Fault("signing", "the signing key is another", "a release that was just signed does not verify"),
    Fault("signing", "digests are not compared", "a release that was altered verifies all the same"),
    Fault(
        "lapsed-approval", "the rule that guards approvals is gone", "a job of a lapsed study would be let in"
    ),
    Fault("live-approval", "no legal basis is in force", "refused: basis-unknown"),
    Fault("tables", "a table loses half its rows", "tpp.patients went from * rows to *"),
    Fault("tables", "a table is gone", "tpp.no_such_table is gone"),
)
"""Seen by `tre health check`."""

WALKING = (
    Fault("corridor", "a job does not come to its end", "canaries is running"),
    Fault("small-number", "the threshold is 1", "the rule small_count did not see it: *"),
    Fault("identifier", "the rule on identifiers is gone", "the rule identifiers did not see it: *"),
    Fault("pseudonym", "the rule on identifiers is gone", "the rule identifiers did not see it: *"),
    Fault("differencing", "earlier releases are not compared", "both tables would leave"),
    Fault("opt-outs", "everybody is let into the box", "* canaries were seen who have opted out"),
    Fault("opt-outs", "nobody has opted out", "no canary has opted out, so nothing was tried"),
    Fault("pseudonyms", "one key is used for all studies", "two studies share * pseudonyms"),
    Fault(
        "pseudonyms",
        "an extract stands in the store's order",
        "two studies' extracts stand in the same order",
    ),
    Fault("never-leaves", "maintenance may be released", "what a health job made could be signed off"),
    Fault("rows", "everybody is let into the box", "tpp.*: * rows were seen, * were built*"),
    Fault("rows", "the store does not answer", "nothing came back of tpp"),
    Fault(
        "freshness",
        "a table was not brought up to date",
        "tpp.covid_tests ends * months before its extract; in the build before it was 0",
    ),
    Fault("freshness", "the extract is old", "tpp was extracted * days ago*"),
    Fault("freshness", "an older extract was loaded", "tpp was extracted on *, and the build before on *"),
    Fault("freshness", "the store does not answer", "nothing came back of tpp"),
    Fault("integrity", "rows of people who are not there", "tpp.*: * rows belong to nobody*"),
    Fault("integrity", "the store does not answer", "nothing came back of tpp"),
    Fault("round-trip", "a run takes ten times as long as the 30 before it", "* s, usually * s"),
    Fault("throughput", "a run takes ten times as long as the 30 before it", "* actions a minute, usually *"),
)
"""Seen by `tre health run`."""
