"""What an action asks to use: memory, processors, time, local sockets, disk.

Refuses more than the site gives to one action, and units that have to be guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from job_specs import vocabulary
from job_specs.complaints import Complaints
from job_specs.fields import as_number, as_table, as_text, as_truth, check_keys
from job_specs.model import Resources, Site
from job_specs.reading import Node, Table

_AMOUNT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([A-Za-z]+)")


class _Measure(NamedTuple):
    """A key, and what each unit of its value is worth."""

    key: str
    units: Mapping[str, int]


_MEMORY = _Measure("memory", {"MB": 1, "GB": 1024})
_DISK = _Measure("disk", {"MB": 1, "GB": 1024})
_LEAST_DISK_MB = 8
_TIME = _Measure("time", {"s": 1, "m": 60, "h": 3600})


def resources(node: Node | None, site: Site, complaints: Complaints) -> Resources:
    """What the action may use: what it asks for, the site's defaults for the rest."""
    table = (
        as_table(node, complaints, "`memory`, `cpus`, `time`, `disk` or `local_sockets`")
        if node is not None
        else None
    )
    if table is None:
        return site.default
    check_keys(table, vocabulary.RESOURCES, complaints, noun="resources")
    memory = _amount(table, _MEMORY, complaints)
    seconds = _amount(table, _TIME, complaints)
    disk = _amount(table, _DISK, complaints)
    cpus = as_number(table.entries["cpus"][1], complaints, "`cpus`") if "cpus" in table.entries else None
    default = site.default
    sockets = table.entries.get("local_sockets")
    return Resources(
        memory_mb=int(_within(table, "memory", (memory, site.memory_mb), complaints) or default.memory_mb),
        cpus=_within(table, "cpus", (cpus, site.cpus), complaints) or default.cpus,
        seconds=int(_within(table, "time", (seconds, site.seconds), complaints) or default.seconds),
        disk_mb=int(_within(table, "disk", (disk, site.disk_mb), complaints) or default.disk_mb),
        local_sockets=sockets is not None and as_truth(sockets[1], complaints, "`local_sockets`"),
    )


def _amount(table: Table, measure: _Measure, complaints: Complaints) -> float | None:
    if measure.key not in table.entries:
        return None
    node = table.entries[measure.key][1]
    text = as_text(node, complaints, f"`{measure.key}`")
    found = _AMOUNT.fullmatch(text) if text is not None else None
    if found and found.group(2) in measure.units:
        return float(Decimal(found.group(1)) * measure.units[found.group(2)])
    if text is not None:
        fix = f"Write a number and a unit ({', '.join(measure.units)}), such as 4{list(measure.units)[-1]}."
        complaints.add("resources", node, text=text, fix=fix)
    return None


def _within(
    table: Table, name: str, asked_and_most: tuple[float | None, float], complaints: Complaints
) -> float | None:
    asked, most = asked_and_most
    least = {"cpus": 0.1, "disk": _LEAST_DISK_MB}.get(name, 1)
    if asked is None or least <= asked <= most:
        return asked
    unit = {"memory": "MB", "disk": "MB", "time": "s"}.get(name, "")
    fix = f"Ask for between {least}{unit} and {most:g}{unit}."
    complaints.add("resources", table.entries[name][1], text=f"{asked:g}{unit}", fix=fix)
    return None
