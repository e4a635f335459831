"""No place finer than an NHS region, and no practice.

Refuses columns named for practices, networks, boards, authorities and small areas, and labels that are their codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from output_checks.model import CellRef
from output_checks.rule import Because, Rule, refuse
from output_checks.subject import Subject

_REGION = "Use NHS regions."
_NAMES = re.compile(
    r"(gp|general)?practi[cs]e(pseudo)?(id|code|name|no|number)?|gpcode|odscode|surgery(id|code|name)?"
    r"|pcn(code|name|id)?|primarycarenetwork|icb(code|name)?|integratedcareboard|sicbl\w{0,4}|stp(code|name)?|ccg(code|name)?"
    r"|la(code|name|d|dcode|dname|ua)|localauthority(code|name|district)?|district|ward(code|name)?|ltla|utla|county|constituency"
    r"|(msoa|lsoa|oa|soa)([0-9]{2})?(code|name|cd|nm)?|outputarea|postcode(district|sector|area)?|trust(code|name)?|provider(code|name)?"
)
_CODES = re.compile(
    r"[EWSN]0[0-9]{7}"  # statistical geographies E00-E09: output areas, wards, authorities
    r"|E1[0-9]{7}|E38[0-9]{6}|E54[0-9]{6}|E47[0-9]{6}|E26[0-9]{6}"
    r"|[A-HJ-NPVWY][0-9]{5}"  # practices
    r"|U[0-9]{5}|Q[A-Z0-9]{2}|[0-9]{2}[A-Z]|R[A-Z0-9]{2}([0-9]{2})?"  # networks, boards, sub-locations, trusts
)
_MOST = 0.5


def _look(subject: Subject) -> Iterator[Because]:
    table = subject.table
    if table is None:
        return
    for name in table.columns:
        cells = table.column(name)
        if _NAMES.fullmatch(re.sub(r"[^a-z0-9]", "", name.casefold())):
            reason = "A column is about places or practices finer than a region."
            yield refuse(reason, _REGION, column=name if name in subject.columns else None)
            continue
        found = [CellRef(row, name) for row, text in enumerate(cells) if _CODES.fullmatch(text)]
        if name not in subject.statistics and len(found) > _MOST * len(cells):
            yield refuse("Labels are codes of places finer than a region.", _REGION, column=name, cells=found)


RULE = Rule("fine_geography", "P11", _look)
