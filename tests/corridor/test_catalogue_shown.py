"""Whose records they are is recorded with every table and shown to whoever asks [P7]."""


def test_every_table_names_its_controller_and_every_build_its_backend(desk) -> None:
    """[P7]"""
    lines = desk.tre("data", "catalogue")
    assert {line["table"] for line in lines} >= {"patients", "covid_tests", "admissions"}
    assert all("NHS England" in line["controller"] or "GP practice" in line["controller"] for line in lines)
    store = (desk.site / "backends" / "tpp" / "store" / "current").resolve()
    assert '"backend":"tpp"' in (store / "store.json").read_text().replace(" ", "")
