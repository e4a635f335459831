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


def create_table(table: Table, *, supply: str, people: str, into: str, opted_out: bool) -> str:
    """The statement that builds one table of the store, for one half of the people, in the order queries like."""
    columns = ", ".join(f"{landed(column)} AS {column.name}" for column in table.columns)
    return f"""
        CREATE TABLE {into}.{table.name} AS
        SELECT {columns}
        FROM {supply}.{table.source} AS s JOIN {people} AS p ON {digits(f"s.{table.patient.source}")} = p.nhs_number
        WHERE {"p.opted_out" if opted_out else "NOT p.opted_out"}
        ORDER BY {", ".join(table.order)}
    """  # noqa: S608 - names from the checked catalogue


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
