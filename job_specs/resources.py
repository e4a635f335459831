"""What an action asks to use: memory, processors, time.

Refuses more than the site gives to one action, and units that have to be guessed.
"""

from __future__ import annotations

import re
from decimal import Decimal

from job_specs import vocabulary
from job_specs.complaints import Complaints
from job_specs.fields import as_number, as_table, as_text, check_keys
from job_specs.model import Resources, Site
from job_specs.reading import Node, Table

_MEMORY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(MB|GB)")
_TIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(s|m|h)")
_MEGABYTES = {"MB": 1, "GB": 1024}
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def resources(node: Node | None, site: Site, complaints: Complaints) -> Resources:
    """What the action may use: what it asks for, the site's defaults for the rest."""
    table = as_table(node, complaints, "`memory`, `cpus` or `time`") if node is not None else None
    if table is None:
        return site.default
    check_keys(table, vocabulary.RESOURCES, complaints, noun="resources")
    memory = _amount(table, "memory", _MEMORY, _MEGABYTES, complaints)
    seconds = _amount(table, "time", _TIME, _SECONDS, complaints)
    cpus = as_number(table.entries["cpus"][1], complaints, "`cpus`") if "cpus" in table.entries else None
    return Resources(
        memory_mb=int(_within(table, "memory", memory, site.memory_mb, complaints) or site.default.memory_mb),
        cpus=_within(table, "cpus", cpus, site.cpus, complaints) or site.default.cpus,
        seconds=int(_within(table, "time", seconds, site.seconds, complaints) or site.default.seconds),
    )


def _amount(
    table: Table, name: str, form: re.Pattern[str], units: dict[str, int], complaints: Complaints
) -> float | None:
    if name not in table.entries:
        return None
    node = table.entries[name][1]
    text = as_text(node, complaints, f"`{name}`")
    found = form.fullmatch(text) if text is not None else None
    if found:
        return float(Decimal(found.group(1)) * units[found.group(2)])
    if text is not None:
        fix = f"Write a number and a unit ({', '.join(units)}), such as 4{list(units)[-1]}."
        complaints.add("resources", node, text=text, fix=fix)
    return None


def _within(
    table: Table, name: str, asked: float | None, most: float, complaints: Complaints
) -> float | None:
    least = 0.1 if name == "cpus" else 1
    if asked is None or least <= asked <= most:
        return asked
    unit = {"memory": "MB", "time": "s"}.get(name, "")
    fix = f"Ask for between {least}{unit} and {most:g}{unit}."
    complaints.add("resources", table.entries[name][1], text=f"{asked:g}{unit}", fix=fix)
    return None
