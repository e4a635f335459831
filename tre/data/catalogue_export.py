"""The catalogue for others to read: as DCAT 3 (which datasets there are, and whose) and CSV-W (what each column means).

Both are JSON-LD. It refuses to describe more than the catalogue says: no row counts, no values but the declared categories.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tre.data.catalogue import Catalogue, Column, Table

DCAT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "tre": "urn:tre:catalogue:",
}
DATATYPES = {
    "UUID": {"base": "string", "format": "[0-9a-f-]{36}"},
    "DATE": {"base": "date"},
    "VARCHAR": {"base": "string"},
    "INTEGER": {"base": "integer"},
    "BIGINT": {"base": "integer"},
    "DOUBLE": {"base": "double"},
    "BOOLEAN": {"base": "boolean"},
}


def dcat(catalogue: Catalogue) -> dict[str, Any]:
    """One catalogue of one dataset for each table, with its controller, group and columns."""
    return {
        "@context": DCAT,
        "@id": f"tre:{catalogue.backend}",
        "@type": "dcat:Catalog",
        "dct:title": f"What the backend {catalogue.backend} holds",
        "dct:identifier": catalogue.digest,
        "dcat:version": catalogue.version,
        "dcat:dataset": [_dataset(catalogue, table) for table in catalogue.tables],
    }


def _dataset(catalogue: Catalogue, table: Table) -> dict[str, Any]:
    controller = {"@type": "foaf:Agent", "foaf:name": catalogue.controllers[table.controller]}
    return {
        "@id": f"tre:{catalogue.backend}:{table.name}",
        "@type": "dcat:Dataset",
        "dct:title": table.name,
        "dct:description": table.meaning,
        "dct:publisher": controller,
        "dct:rightsHolder": controller,
        "dct:accessRights": "Non-public: pseudonymised records, queried in place by approved studies.",
        "dct:source": f"{catalogue.backend}:{table.source}",
        "dcat:theme": {"@id": f"tre:group:{table.group}", "dct:title": catalogue.groups[table.group]},
        "dcat:keyword": [column.name for column in table.columns],
    }


def csvw(catalogue: Catalogue) -> dict[str, Any]:
    """A table group: each table's schema, column by column."""
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "@type": "TableGroup",
        "dc:title": f"What the backend {catalogue.backend} holds",
        "dc:identifier": catalogue.digest,
        "tables": [_schema(catalogue, table) for table in catalogue.tables],
    }


def _schema(catalogue: Catalogue, table: Table) -> dict[str, Any]:
    schema: dict[str, Any] = {"columns": [_column(column) for column in table.columns]}
    if table.rows_are == "patients":
        schema["primaryKey"] = table.patient.name
    return {
        "@type": "Table",
        "url": f"{catalogue.backend}/{table.name}.csv",
        "dc:description": table.meaning,
        "dc:rightsHolder": catalogue.controllers[table.controller],
        "tableSchema": schema,
    }


def _column(column: Column) -> dict[str, Any]:
    """The facts that every column has, and those that only some have."""
    told = {
        "@type": "Column",
        "name": column.name,
        "titles": column.name,
        "dc:description": column.meaning,
        "dc:source": column.source,
        "datatype": _datatype(column),
        "tre:sensitivity": column.sensitivity.value,
        "tre:dimension": column.dimension,
    }
    some = {
        "tre:generalise": column.generalise,
        "tre:coding": column.coding,
        "tre:quality": column.quality,
    }
    return told | {name: value for name, value in some.items() if value}


def _datatype(column: Column) -> dict[str, str]:
    known = dict(DATATYPES[column.type])
    if column.categories and column.type == "VARCHAR":
        known["format"] = "|".join(column.categories)
    return known


EXPORTS: Mapping[str, Callable[[Catalogue], dict[str, Any]]] = {"dcat": dcat, "csvw": csvw}
