"""[P1] How a box ended is said in one of a handful of words, and a program chooses only between two of them."""

from hypothesis import given
from hypothesis import strategies as st

from sandboxes.model import Status
from sandboxes.verdict import Ended, verdict

ENDED = st.builds(
    Ended,
    exit_code=st.integers(0, 255),
    wall_seconds=st.floats(0, 100),
    limit_seconds=st.just(50),
    out_of_memory=st.booleans(),
    halted=st.booleans(),
    output_full=st.booleans(),
)


@given(ENDED, st.integers(0, 255))
def test_an_exit_code_only_ever_tells_success_from_failure(ended, code):
    before, after = verdict(ended), verdict(Ended(**{**vars(ended), "exit_code": code}))
    assert before == after or {before, after} == {Status.OK, Status.FAILED}


@given(ENDED)
def test_nothing_that_went_wrong_is_called_well(ended):
    wrong = (
        ended.halted
        or ended.out_of_memory
        or ended.output_full
        or ended.wall_seconds >= 50
        or ended.exit_code
    )
    assert (verdict(ended) is Status.OK) is (not wrong)


@given(ENDED)
def test_outputs_are_judged_elsewhere(ended):
    assert verdict(ended) is not Status.OUTPUT_REFUSED
