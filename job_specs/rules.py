"""The catalogue of rules that a spec is held to: a code for machines, one sentence for people.

A code never changes its meaning. Every rule has at least one spec under `refused/` that breaks it; a test holds
this list and that folder together. Nothing here decides anything: it refuses only to let two rules share a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_FILE = {
    "too-large": "A spec is at most 4 MiB of text.",
    "not-utf8": "A spec is text in UTF-8.",
    "control-character": "A spec has no control, invisible or text-direction characters.",
    "yaml-syntax": "A spec is one well-formed YAML document.",
    "too-deep": "A spec nests at most 32 levels deep.",
    "too-many-parts": "A spec has at most 200,000 separators and 200,000 values.",
    "explicit-tag": "A spec holds plain text, numbers, lists and mappings, never a YAML tag.",
    "alias": "A YAML alias repeats a finished value, and a merge key (<<) takes mappings.",
    "duplicate-key": "A key appears once in its mapping.",
    "wrong-type": "Each key holds the kind of value that is documented for it.",
    "unknown-key": "Only the documented keys may be used.",
    "missing-key": "Every required key is present.",
    "number-name": "A name is not a bare number, which one tool reads as a number and another as a text.",
    "misplaced": "Actions stand below `actions:`, indented.",
    "empty": "A value that must say something is not empty.",
    "too-long": "Names, patterns and texts keep to their documented length.",
}
_PROJECT = {
    "version": "A project says which version of the format it uses: 1, 2, 3, 4 or 5.",
    "version-feature": "A feature is used only in the versions of the format that have it.",
    "purpose": "A purpose is one of the five that are permitted [P3].",
    "purpose-needed": "A spec that asks the store a question says for which purpose [P3].",
    "data-needed": "A spec that asks the store a question names the tables and columns it needs [P8].",
    "identifier": "Tables, columns, parameters and lists are named in lower case: letters, digits, underscores.",
    "parameter": "A parameter is text, a number, true or false, a date, or a list of one of these.",
    "codelist": "A codelist says which file holds it, and of which coding system and version its codes are.",
    "no-actions": "A project has at least one action.",
}
_ACTION = {
    "action-name": "An action's name is letters, digits, '_', '-' and '.', and starts with a letter or a digit.",
    "look-alike": "Two names that a reader could take for each other do not stand in one spec.",
    "reserved-name": "run_all means every action; no action is called that.",
    "one-body": "An action has exactly one of `run` and `sql`.",
    "run-syntax": "A run command is `name:version` and its arguments, quoted as in a shell.",
    "run-version": "An image is named with its version, such as python:v2.",
    "same-run": "No two actions do exactly the same.",
    "unknown-need": "An action needs only actions of the same project.",
    "repeated-need": "An action names each action it needs once.",
    "cycle": "No action needs itself, directly or through others.",
    "resources": "An action asks for no more memory, processors or time than this site gives to one.",
    "sql-body": "An SQL action's query is text, or the path of a .sql file inside the study.",
    "dialect": "SQL is written in a dialect that this system reads.",
    "matrix": "A for_each varies names over lists, and every expansion has a name of its own.",
    "matrix-size": "A for_each makes at most 5,000 actions.",
}
_OUTPUT = {
    "no-outputs": "An action declares at least one output.",
    "output-path": "An output's pattern is a plain relative path inside the job's own folder.",
    "output-wildcard": "The only wildcard in an output's pattern is a single *.",
    "output-extension": "An output's pattern ends in a file type, such as .csv.",
    "output-type": "A moderately sensitive output is of a file type that can be checked [P9].",
    "output-clash": "Two outputs never claim the same file.",
    "output-sensitivity": "A file has one sensitivity.",
    "output-name": "Within one action, an output's name is used once.",
    "ehrql-output": "A generate-dataset action writes what its --output says, and that is highly sensitive.",
    "sql-one-output": "An SQL action writes one table to one plain path: .csv, or for an extract also .csv.gz, .parquet, .arrow or .duckdb.",
    "statistic": "An output's statistic is declared in the shared vocabulary.",
    "statistic-incomplete": "A declared statistic says everything that its kind must declare.",
    "statistic-of": "A statistic is of an action of this project that it needs, or of a table this project may use.",
    "column-role": "A declared column has a role from the shared vocabulary.",
}
_TEMPLATE = {
    "template-syntax": "SQL templates are Jinja2, restricted to parameters, codelist() and the documented macros.",
    "template-limit": "A rendered template stays small: 1 MiB of SQL, two nested loops.",
    "template-name": "A template uses only what the spec defines.",
    "template-value": "A value enters SQL as a bound parameter, never as text.",
    "macro-argument": "A macro is given column names and parameters of the kinds it documents.",
    "code-system": "A code belongs to the coding system that its codelist declares.",
    "codelist-file": "A codelist is a CSV file inside the study with one column of codes.",
    "study-file": "A file that a spec names is an ordinary file inside the study's folder.",
    "unknown-action": "A request names actions of the project, or run_all.",
}

RULES: Mapping[str, str] = MappingProxyType({**_FILE, **_PROJECT, **_ACTION, **_OUTPUT, **_TEMPLATE})
