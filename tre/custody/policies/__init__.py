"""The rules, in the order they are asked. The first that refuses is the answer.

Read the table aloud: each line is a rule's own name and the steps it governs. A test deletes each line in turn and must
notice. Refuses to be empty.
"""

from tre.custody.commands import Step
from tre.custody.policies import law, leaving, people, review, run, study
from tre.custody.policies.question import Policy, Question

ALL = frozenset(Step)
OF_REQUESTS = frozenset(
    {
        Step.SUBMIT,
        Step.START,
        Step.LAND,
        Step.FAIL,
        Step.FINISH,
        Step.CANCEL,
        Step.CHECK,
        Step.VIEW,
        Step.VOTE,
        Step.REQUEST_CHANGES,
        Step.RESUBMIT,
        Step.SIGN_OFF,
        Step.RELEASE,
        Step.REFUSE,
        Step.RECALL,
        Step.DESCRIBE,
        Step.COMMENT,
        Step.SIGN_OFF_PART,
        Step.RELEASE_PART,
    }
)
BY_AUTHORS = frozenset(
    {Step.APPLY, Step.REVISE, Step.WITHDRAW, Step.SUBMIT, Step.CANCEL, Step.DESCRIBE, Step.RESUBMIT}
)
BY_JUDGES = frozenset(
    {
        Step.APPROVE,
        Step.RETURN,
        Step.REJECT,
        Step.REINSTATE,
        Step.ASSESS,
        Step.VIEW,
        Step.VOTE,
        Step.REQUEST_CHANGES,
        Step.SIGN_OFF,
        Step.SIGN_OFF_PART,
        Step.REFUSE,
    }
)
SIGN_OFFS = frozenset({Step.SIGN_OFF, Step.SIGN_OFF_PART})
RELEASES = frozenset({Step.RELEASE, Step.RELEASE_PART})
SIGNING = SIGN_OFFS | RELEASES
TOWARDS_RELEASE = SIGNING | {Step.SUBMIT, Step.START, Step.VOTE, Step.RESUBMIT}
UNDER_THE_LAW = TOWARDS_RELEASE | {Step.APPLY, Step.REVISE, Step.APPROVE, Step.REINSTATE}


def only(*steps: Step) -> frozenset[Step]:
    """Just these steps."""
    return frozenset(steps)


POLICIES: tuple[Policy, ...] = (
    Policy(people.step_is_on_the_map, ALL),
    Policy(people.step_is_theirs, ALL),
    Policy(people.actor_is_trained, ALL),
    Policy(study.study_is_known, OF_REQUESTS),
    Policy(people.author_is_a_member, BY_AUTHORS),
    Policy(people.judge_is_independent, BY_JUDGES),
    Policy(people.speaker_is_on_one_side, only(Step.DISCUSS, Step.COMMENT)),
    Policy(people.only_an_approver_suspends_without_a_breach, only(Step.SUSPEND)),
    Policy(people.purpose_fits_the_author, only(Step.APPLY, Step.REVISE, Step.SUBMIT)),
    Policy(study.purpose_is_the_studys, TOWARDS_RELEASE),
    Policy(study.purpose_may_leave, SIGNING),
    Policy(study.approval_is_live, TOWARDS_RELEASE),
    Policy(study.basis_is_known, UNDER_THE_LAW),
    Policy(study.basis_permits_the_purpose, UNDER_THE_LAW),
    Policy(study.basis_is_live, UNDER_THE_LAW),
    Policy(law.basis_covers_the_tables, UNDER_THE_LAW),
    Policy(study.approval_stays_within_the_proposal, only(Step.APPROVE)),
    Policy(study.no_section_is_open, only(Step.APPROVE)),
    Policy(study.disagreement_is_explained, only(Step.ASSESS)),
    Policy(study.expiry_is_due, only(Step.EXPIRE)),
    Policy(study.columns_are_approved, only(Step.SUBMIT, Step.START)),
    Policy(people.submitter_is_trained, RELEASES | {Step.START}),
    Policy(run.actions_stand_in_order, only(Step.SUBMIT)),
    Policy(run.continues_its_own_study, only(Step.SUBMIT)),
    Policy(run.action_can_start, only(Step.START)),
    Policy(run.opt_outs_are_fresh, only(Step.START)),
    Policy(law.national_opt_outs_are_fresh, only(Step.START)),
    Policy(run.opt_outs_are_in_force, only(Step.START)),
    Policy(law.law_was_adopted, only(Step.START)),
    Policy(run.needs_left_out_the_same_people, only(Step.START)),
    Policy(run.action_is_running, only(Step.LAND, Step.FAIL)),
    Policy(run.failure_is_not_a_success, only(Step.FAIL)),
    Policy(run.outputs_are_the_actions_own, only(Step.LAND)),
    Policy(run.everything_has_landed, only(Step.FINISH)),
    Policy(run.checks_cover_what_landed, only(Step.CHECK)),
    Policy(run.checked_under_the_policy_in_force, SIGNING | {Step.CHECK}),
    Policy(run.file_is_of_this_case, only(Step.VIEW)),
    Policy(review.remark_is_on_these_bytes, only(Step.COMMENT)),
    Policy(review.context_is_of_offered_files, only(Step.DESCRIBE)),
    Policy(review.context_is_there, only(Step.VOTE)),
    Policy(review.vote_covers_the_same_bytes, only(Step.VOTE)),
    Policy(review.one_vote_each, only(Step.VOTE)),
    Policy(review.refused_files_are_not_approved, only(Step.VOTE)),
    Policy(review.opaque_files_need_words, only(Step.VOTE)),
    Policy(review.contested_files_need_words, only(Step.VOTE)),
    Policy(leaving.signer_has_voted, SIGN_OFFS),
    Policy(leaving.part_is_a_part, only(Step.SIGN_OFF_PART)),
    Policy(leaving.every_file_has_enough_votes, SIGNING),
    Policy(leaving.nothing_refused_is_offered, SIGNING),
    Policy(leaving.statement_names_the_signed_bytes, RELEASES),
    Policy(review.changes_are_explained, only(Step.REQUEST_CHANGES)),
    Policy(review.something_is_still_offered, only(Step.RESUBMIT)),
    Policy(leaving.something_has_left, only(Step.RECALL)),
)

__all__ = ["POLICIES", "SIGNING", "Policy", "Question"]
