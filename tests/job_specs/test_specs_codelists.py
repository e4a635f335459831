"""A codelist's codes belong to the coding system it declares, and are read from one plain file of the study."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_specs.codelists import read_codelist
from job_specs.errors import SpecError
from job_specs.model import Codelist
from job_specs.study import folder_reader


def a_codelist(system: str = "snomedct", column: str = "code") -> Codelist:
    return Codelist("d", "codelists/d.csv", system, "2024-01", column)


def test_codes_are_read_once_each_in_the_order_of_the_file():
    content = b"\xef\xbb\xbfterm,code\ndiabetes,73211009\n\nagain,73211009\ntype 1,46635009\n"
    assert read_codelist(a_codelist(), content) == ("73211009", "46635009")


@pytest.mark.parametrize(
    ("system", "codes"),
    [
        ("snomedct", ["73211009", "46635009", "1240581000000104"]),
        ("icd10", ["U071", "I21", "I21.9", "E10X"]),
        ("opcs4", ["K40", "K40.1", "K401"]),
        ("ctv3", ["XE0Uc", "C10..", "G5730"]),
        ("bnf", ["0601", "060101", "0212000B0AAAAAA"]),
    ],
)
def test_real_codes_of_each_system_are_accepted(system, codes):
    content = "code\n" + "\n".join(codes)
    assert read_codelist(a_codelist(system), content.encode()) == tuple(codes)


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("snomedct", "U071"),
        ("snomedct", "73211008"),
        ("snomedct", "1.24058E+15"),
        ("snomedct", "073211009"),
        ("dmd", "73211008"),
        ("icd10", "73211009"),
        ("icd10", "U07'1"),
        ("ctv3", "C10...."),
        ("snomedct", ""),
        ("snomedct", "\u0667\u0663\u0662\u0661\u0661\u0660\u0660\u0669"),
    ],
)
def test_codes_of_another_system_and_spoilt_ones_are_refused_at_their_line(system, code):
    with pytest.raises(SpecError) as caught:
        read_codelist(a_codelist(system), f"code,term\n{code},x\n".encode())
    (problem,) = caught.value.problems
    assert (problem.code, problem.where.line) == ("code-system", 2)


@pytest.mark.parametrize("content", [b"", b"code", b"snomed\n1", b"code\n\xff", b"code\n\0", b'code\n"1'])
def test_a_file_that_is_no_codelist_is_refused(content):
    with pytest.raises(SpecError) as caught:
        read_codelist(a_codelist(), content)
    assert caught.value.problems[0].code in {"codelist-file", "code-system"}


@given(st.binary(max_size=80))
def test_no_bytes_make_anything_but_codes_or_a_refusal(content):
    try:
        codes = read_codelist(a_codelist("ctv3"), content)
    except SpecError:
        return
    assert all(code.strip(".").isalnum() for code in codes)


def test_a_study_s_files_are_ordinary_files_inside_its_folder(tmp_path):
    study = tmp_path / "study"
    (study / "codelists").mkdir(parents=True)
    (study / "codelists" / "d.csv").write_text("code\n1\n")
    (tmp_path / "secret.csv").write_text("code\n2\n")
    (study / "link.csv").symlink_to(tmp_path / "secret.csv")
    (study / "outside").symlink_to(tmp_path)
    os.mkfifo(study / "pipe.csv")
    read = folder_reader(study)
    assert read("codelists/d.csv") == b"code\n1\n"
    for name in (
        "link.csv",
        "outside/secret.csv",
        "../secret.csv",
        "pipe.csv",
        "none.csv",
        "codelists",
        "/etc/hosts",
    ):
        with pytest.raises(KeyError):
            read(name)
