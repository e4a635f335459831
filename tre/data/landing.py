"""How a supplier's rows become the store's, as SQL made from the catalogue. Pure text: no connection, no key.

It refuses nothing itself; what it leaves out never lands. The words it is made of are the catalogue's, which has checked them.
"""

from tre.data.catalogue import Column, Table, Transform

NO_DATE = "(DATE '1900-01-01', DATE '9999-12-31')"


def digits(expression: str) -> str:
    """An NHS number without the spaces and hyphens people write it with."""
    return f"regexp_replace({expression}::VARCHAR, '[ -]', '', 'g')"


def hashed(expression: str, which: str) -> str:
    """HMAC-SHA256 of a text as a version-marked UUID; the padded key blocks are parameters, never written out.

    `which` names the parameters: `<which>_inner`, `<which>_outer` and `<which>_version`.
    """
    digest = f"sha256(${which}_outer || unhex(sha256(${which}_inner || ({expression})::BLOB)))"
    return f"(${which}_version || substr({digest}, 1, 30))::UUID"


def create_main(table: Table, *, supply: str, people: str, into: str) -> str:
    """The statement that builds one table for everyone whom no opt-out concerns, in the order queries like."""
    columns = ", ".join(f"{landed(column)} AS {column.name}" for column in table.columns)
    return f"""
        CREATE TABLE {into}.{table.name} AS
        SELECT {columns} FROM {_joined(table, supply, people)} WHERE p.part = 'main' ORDER BY {", ".join(table.order)}
    """  # noqa: S608 - names from the checked catalogue


def create_aside(table: Table, *, supply: str, people: str, into: str) -> str:
    """The statement that sets aside, in memory, the rows of everybody else, each with the part it belongs to."""
    columns = ", ".join(f"{landed(column)} AS {column.name}" for column in table.columns)
    return f"""
        CREATE TEMP TABLE {into} AS
        SELECT p.part AS tre_part, {columns} FROM {_joined(table, supply, people)} WHERE p.part <> 'main'
    """  # noqa: S608 - names from the checked catalogue


def create_part(table: Table, *, aside: str, part: str, into: str) -> str:
    """The statement that builds one table for one part of those who were set aside."""
    return f"""
        CREATE TABLE {into}.{table.name} AS
        SELECT * EXCLUDE (tre_part) FROM {aside} WHERE tre_part = '{part}' ORDER BY {", ".join(table.order)}
    """  # noqa: S608 - names from the checked catalogue


def _joined(table: Table, supply: str, people: str) -> str:
    number = digits(f"s.{table.patient.source}")
    return f"{supply}.{table.source} AS s JOIN {people} AS p ON {number} = p.nhs_number"


def landed(column: Column) -> str:
    """What becomes of one column in flight."""
    source = f"s.{column.source}"
    match column.transform:
        case Transform.PSEUDONYM:
            return "p.patient_id"
        case Transform.PRACTICE:
            return f"CASE WHEN {source} IS NOT NULL THEN {hashed(f'{source}::VARCHAR', 'practices')} END"
        case Transform.MONTH:
            return f"date_trunc('month', {source}::DATE)::DATE"
        case Transform.DATE:
            return f"CASE WHEN {source}::DATE NOT IN {NO_DATE} THEN {source}::DATE END"
        case Transform.COPY:
            return f"{source}::{column.type}"
