"""What each page does, and what does the same in the API: `docs/api.md`. Refuses a page that nobody has said this of.

The pairs are written here by hand, once; that every page has one, that what it names exists, and that the same people may ask
for both, is a test's to say (`tests/web/test_api_pairs.py`).
"""

from collections.abc import Iterator, Mapping

from scripts.draw_authorisation import faces
from tre.web.app import routes_of

GET, POST = "GET", "POST"
Route = tuple[str, str]

S, J, R, V = "/studies/{case_id:str}", "/jobs/{case_id:str}", "/releases/{case_id:str}", "/review/{job:str}"
N = V + "/files/{number:int}"

NOT_IN_THE_API: Mapping[Route, str] = {
    (GET, "/"): "the first page links to the others",
    (GET, "/login"): "a program has a token",
    (POST, "/login"): "a program has a token",
    (POST, "/logout"): "a token is revoked",
    (GET, "/login/oidc"): "a program has a token",
    (GET, "/login/oidc/answer"): "a program has a token",
    (GET, "/welcome/{code:str}"): "a person sets up their own password and second factor",
    (POST, "/welcome/{code:str}"): "a person sets up their own password and second factor",
    (POST, "/account/tokens"): "no token makes another: a person does, who has just proved who they are",
    (GET, "/incidents/new"): "a form, and words for whoever fills it in",
    (GET, "/incidents/done"): "words for whoever filled it in",
    (GET, "/jobs/new"): "a form",
    (GET, "/register/export/{name:str}"): "it is data already, as CSV or JSON",
    (GET, "/register/hdr-uk-data-uses.csv"): "it is data already, as CSV",
    (GET, "/register/nhs-england-data-releases.csv"): "it is data already, as CSV",
}
"""Pages that have no counterpart, and why that is right."""

IN_THE_API: Mapping[Route, tuple[Route, ...]] = {
    (GET, "/account"): ((GET, "/me"),),
    (POST, "/account/tokens/{token:str}/revoke"): ((POST, "/me/tokens/{token:str}/revoke"),),
    (GET, "/inbox"): ((GET, "/inbox"),),
    (POST, "/inbox/read"): ((POST, "/inbox/read"),),
    (POST, "/incidents/new"): ((POST, "/incidents"),),
    (GET, "/jobs"): ((GET, "/jobs"),),
    (POST, "/jobs/new"): ((POST, "/jobs"),),
    (GET, J): ((GET, J),),
    (GET, f"{J}/status"): ((GET, J),),
    (GET, f"{J}/code"): ((GET, f"{J}/code"),),
    (GET, f"{J}/changes"): ((GET, f"{J}/changes"),),
    (GET, f"{J}/preflight"): ((GET, f"{J}/preflight"),),
    **{(POST, f"{J}/{verb}"): ((POST, f"{J}/{verb}"),) for verb in ("again", "cancel", "describe", "remark", "resubmit")},
    (GET, "/register"): ((GET, "/register/studies"),),
    (GET, "/register/jobs"): ((GET, "/register/jobs"),),
    (GET, "/register/releases"): ((GET, "/register/releases"),),
    (GET, "/register/studies/{study:str}"): ((GET, "/register/studies/{study:str}"),),
    (GET, "/releases"): ((GET, "/releases"),),
    (GET, R): ((GET, R),),
    (GET, R + "/{number:int}/bundle"): ((GET, R + "/{number:int}/bundle"),),
    (GET, R + "/{number:int}/files/{index:int}"): ((GET, R + "/{number:int}/files/{index:int}"),),
    (GET, "/status"): ((GET, "/status"),),
    (GET, "/health"): ((GET, "/health"),),
    (GET, "/review/metrics"): ((GET, "/review/metrics"),),
    (GET, "/review"): ((GET, "/review"),),
    (POST, "/review/next"): ((POST, "/review/next"),),
    (GET, V): ((GET, V), (GET, N), (GET, f"{N}/changes")),
    (GET, f"{V}/rows"): ((GET, f"{N}/rows"),),
    (GET, f"{V}/picture"): ((GET, f"{N}/picture"),),
    (POST, f"{V}/copy"): ((POST, f"{N}/copy"),),
    **{
        (POST, f"{V}/{verb}"): ((POST, f"{V}/{verb}"),)
        for verb in (
            "claim", "leave", "word", "vote", "change", "remark", "return", "sign-off", "sign-off-part", "refuse",
        )
    },
    (GET, "/tries"): ((GET, "/tries"),),
    (POST, "/tries"): ((POST, "/tries"),),
    (GET, "/tries/{name:str}"): ((GET, "/tries/{name:str}"),),
    (GET, "/platform"): ((GET, "/platform"),),
    **{(POST, f"/platform/{verb}"): ((POST, f"/platform/{verb}"),) for verb in ("pause", "resume")},
    **{(GET, f"/platform/{each}"): ((GET, f"/platform/{each}"),) for each in ("people", "law", "incidents")},
    (POST, "/platform/people/{account:str}/invite"): ((POST, "/platform/people/{account:str}/invite"),),
    (GET, "/studies"): ((GET, "/studies"), (GET, "/drafts")),
    (POST, "/studies/new"): ((POST, "/drafts"),),
    (GET, "/studies/drafts/{draft:str}"): ((GET, "/drafts/{draft:str}"),),
    (POST, "/studies/drafts/{draft:str}"): (
        (POST, "/drafts/{draft:str}"), (POST, "/studies"), (POST, f"{S}/revise"),
    ),
    (POST, "/studies/drafts/{draft:str}/drop"): ((POST, "/drafts/{draft:str}/drop"),),
    (GET, S): ((GET, S), (GET, f"{S}/columns")),
    (GET, f"{S}/changes"): ((GET, f"{S}/changes"),),
    (POST, f"{S}/revise"): ((POST, "/drafts"),),
    (POST, S + "/sections/{section:str}/assess"): ((POST, f"{S}/assess"),),
    (POST, S + "/sections/{section:str}/discuss"): ((POST, f"{S}/discuss"),),
    **{
        (POST, f"{S}/{verb}"): ((POST, f"{S}/{verb}"),)
        for verb in ("approve", "return", "reject", "suspend", "reinstate", "withdraw")
    },
}  # fmt: skip
"""What does the same in the API, beneath ``/api``; several where a page shows more than one answer holds."""

HEAD = """# The API

Everything that a page does, a program does under `/api`, with a token from its owner's account page: `read` asks, `write` takes an
author's steps, `judge` decides on somebody else's work, for a day at most. The whole description is served, for everybody, at
`/api/schema/openapi.json`. Each answer about a case has `allowed_actions`: the steps that the token's owner may try next; the core has the
last word. A refusal is `code`, `sentence`, `fix`, `promise`.

`tre --server https://tre.example ...`, with the token in `TRE_TOKEN`, asks it from a command line.

Drawn by `make docs`; `tests/web/test_api_pairs.py` fails where a page is not here, or other people may ask for one than for the other.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_lines(), ""])


def pages() -> list[Route]:
    """Every route that is a page's."""
    return [(method, path) for method, path, _ in routes_of(faces()) if not path.startswith("/api")]


def _lines() -> Iterator[str]:
    yield "| page | in the API |"
    yield "|---|---|"
    for method, path in pages():
        same = IN_THE_API.get((method, path))
        said = (
            ", ".join(f"{verb} `/api{place}`" for verb, place in same)
            if same
            else NOT_IN_THE_API[method, path]
        )
        yield f"| {method} `{path}` | {said} |"
