"""The register in other people's columns: HDR UK's data use register, and NHS England's register of data released [P12].

Pure: from the register's own rows, so it can say nothing that the register does not. Refuses to make up what it does not
know: such a cell is empty, and the one that a template insists on says that it was not stated.
"""

from collections.abc import Iterator, Mapping, Sequence

from tre.records.read_models.shapes import RegisteredRelease, RegisteredStudy

HDR_UK = (
    "Project ID",
    "Organisation name*",
    "Organisation ID",
    "Organisation sector",
    "Applicant name(s)",
    "Applicant ID",
    "Funders/ Sponsors",
    "DEA accredited researcher?",
    "Sub-licence arrangements (if any)?",
    "Project title*",
    "Lay summary*",
    "Public benefit statement*",
    "Request category type",
    "Technical summary",
    "Other approval committees",
    "Project start date",
    "Project end date",
    "Latest approval date*",
    "Dataset(s) name*",
    "Data sensitivity level",
    "Legal basis for provision of data under Article 6",
    "Lawful conditions for provision of data under Article 9",
    "Common Law Duty of Confidentiality",
    "National data opt-out applied?",
    "Request frequency",
    "For linked datasets, specify how the linkage will take place",
    "Description of the confidential data being used",
    "Release/Access date",
    "Access type*",
    "How has data been processed to enhance privacy?",
    "Link to research outputs",
)
"""The headings of the Gateway's bulk upload, in the order in which its importer expects them."""

NHS_ENGLAND = (
    "Reference Number",
    "Dataset",
    "Type of Data",
    "Sensitive or Non-Sensitive",
    "Legal Basis for Provision of Data",
    "Frequency",
    "File Reference",
    "Month File Released",
    "Patient Opt-Outs Applied",
)
"""The columns in which NHS England's register lists each file that was released (its sheet ``DataReleases``)."""

NOT_STATED = "Not stated in the application."
LINKAGE = "Inside each supplier's boundary, by a pseudonym that no study holds."
PRIVACY = (
    "Identifiers are replaced by pseudonyms before storage; queries run remotely; only suppressed and rounded aggregates "
    "leave, after automatic checks and sign-off by two independent output checkers."
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def hdr_uk_row(study: RegisteredStudy) -> dict[str, str]:
    """One study in the columns of HDR UK's data use register."""
    known = {
        "Project ID": study.id,
        "Organisation name*": study.organisation,
        "Funders/ Sponsors": study.funding,
        "Sub-licence arrangements (if any)?": "No",
        "Project title*": study.title,
        "Lay summary*": study.lay_summary,
        "Public benefit statement*": study.public_benefit or NOT_STATED,
        "Request category type": study.purpose,
        "Project start date": study.starts,
        "Project end date": study.ends,
        "Latest approval date*": study.approved_at[:10],
        "Dataset(s) name*": ", ".join(study.datasets),
        "Data sensitivity level": "De-Personalised",
        "Legal basis for provision of data under Article 6": study.legal_basis,
        "For linked datasets, specify how the linkage will take place": LINKAGE,
        "Release/Access date": study.starts,
        "Access type*": "TRE",
        "How has data been processed to enhance privacy?": PRIVACY,
    }
    return {heading: known.get(heading, "") for heading in HDR_UK}


def nhs_england_rows(
    releases: Sequence[RegisteredRelease], studies: Mapping[str, RegisteredStudy]
) -> Iterator[dict[str, str]]:
    """Each file of each release, in the columns of NHS England's register; a recalled one says so."""
    for release in releases:
        study = studies.get(release.study)
        for file in release.files:
            path, _, digest = file.rpartition(" ")
            yield {
                "Reference Number": release.study,
                "Dataset": ", ".join(study.datasets) if study else "",
                "Type of Data": "Anonymous aggregate" + (" (recalled)" if release.recalled_at else ""),
                "Sensitive or Non-Sensitive": "Non-Sensitive",
                "Legal Basis for Provision of Data": study.legal_basis if study else "",
                "Frequency": "One-Off",
                "File Reference": f"{release.id} {path} {digest[:12]}",
                "Month File Released": _month(release.released_at),
                "Patient Opt-Outs Applied": "Type 1",
            }


def _month(moment: str) -> str:
    """A month as that register writes it: ``Jul-25``."""
    return f"{MONTHS[int(moment[5:7]) - 1]}-{moment[2:4]}"
