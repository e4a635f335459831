"""The scope that the SQL tests share: the tables of the catalogue, as a study would be approved for them."""

from datetime import date

from job_specs.sql.model import ColumnFact, Scope, TableFact

_ID = ColumnFact("patient_id", "UUID", dimension=False)


def _table(
    name: str, columns: dict[str, str], *, patients: bool = False, hidden: tuple[str, ...] = ()
) -> TableFact:
    facts = (ColumnFact(column, kind, dimension=column not in hidden) for column, kind in columns.items())
    return TableFact(name, (_ID, *facts), rows_are="patients" if patients else "events")


SCOPE = Scope(
    (
        _table(
            "patients",
            {
                "date_of_birth": "DATE",
                "sex": "VARCHAR",
                "ethnicity": "VARCHAR",
                "region": "VARCHAR",
                "imd_quintile": "INTEGER",
            },
            patients=True,
        ),
        _table(
            "practice_registrations",
            {
                "start_date": "DATE",
                "end_date": "DATE",
                "practice_pseudo_id": "UUID",
                "practice_nuts1_region_name": "VARCHAR",
            },
            hidden=("practice_pseudo_id",),
        ),
        _table(
            "clinical_events",
            {"date": "DATE", "snomedct_code": "VARCHAR", "numeric_value": "DOUBLE"},
            hidden=("snomedct_code", "numeric_value"),
        ),
        _table("medications", {"date": "DATE", "dmd_code": "VARCHAR"}, hidden=("dmd_code",)),
        _table("vaccinations", {"date": "DATE", "target_disease": "VARCHAR", "product_name": "VARCHAR"}),
        _table("covid_tests", {"specimen_date": "DATE", "result": "VARCHAR"}),
        _table(
            "admissions", {"admission_date": "DATE", "discharge_date": "DATE", "primary_diagnosis": "VARCHAR"}
        ),
        _table("ons_deaths", {"date": "DATE", "underlying_cause_of_death": "VARCHAR"}),
    )
)

PARAMETERS = {
    "index_date": date(2022, 1, 1),
    "end_date": date(2022, 12, 31),
    "study_start": date(2021, 1, 1),
    "codes": ["c1", "c2", "c3"],
    "diabetes": ["c1", "c4"],
    "asthma": ["c2", "c5"],
    "bmi": ["c6"],
    "hba1c": ["c7"],
    "statins": ["d1", "d2"],
    "inhalers": ["d3", "d4"],
    "threshold": 7,
}
