"""`tre demo`: one study, from a spec to a released table, told by running the very commands that people run.

Everything is left in one folder that `tre` can go on with. Refuses to go on when a step did not end as the story says:
a refusal that did not come is a failed demonstration.
"""

import contextlib
import io
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import job_specs
from tre.cli.exits import Exit, exit_for
from tre.cli.house import Wiring
from tre.cli.session import Session, session
from tre.cli.tell import tell, usage
from tre.cli.words import hoist

SITE = Path(__file__).parent / "demo_site"
STUDY = Path(job_specs.__file__).parent / "examples" / "covid-tests"
TABLE = "output/tests_by_region.csv"


Run = Callable[[list[str], Wiring], object]
"""Runs one command line, letting its errors pass."""


class StoryBroken(Exception):
    """A step did not end as the story says."""


def demo(
    ctx: typer.Context,
    *,
    into: Annotated[Path, typer.Option(help="The folder to leave everything in.")] = Path("demo"),
    patients: Annotated[int, typer.Option(help="How many synthetic people.", min=1000)] = 100_000,
) -> None:
    """Show one study going from a spec to a released table, with the small numbers gone and the reasons visible."""
    story = Story(session(ctx), _runner(ctx), into)
    begun = time.monotonic()
    story.set_out(patients)
    study = story.approved()
    request = story.released(study)
    story.refused()
    story.end(request, time.monotonic() - begun)


def _runner(ctx: typer.Context) -> Run:
    command = ctx.find_root().command
    return lambda words, wiring: command.main(args=words, prog_name="tre", standalone_mode=False, obj=wiring)


class Story:
    """The demonstration's steps, each one a real command."""

    def __init__(self, s: Session, command: Run, into: Path) -> None:
        """A story told into a folder."""
        self._made: dict[str, str] = {}
        self._wiring = replace(s.wiring, new_id=self._remember(s.wiring))
        self._command = command
        self.into = into
        self.site = into / "site"
        self.study = into / "covid-tests"
        self.console = Console(highlight=False, soft_wrap=True)

    def set_out(self, patients: int) -> None:
        """A site, its people, and a synthetic population behind pseudonyms."""
        self._chapter("A site, its people, and synthetic patients", "nobody in this data is real")
        self.into.mkdir(parents=True, exist_ok=True)
        shutil.copytree(STUDY, self.study, dirs_exist_ok=True)
        shutil.copy(SITE / "application.toml", self.into / "application.toml")
        if not (self.site / "site.toml").exists():
            self._tre("init")
            shutil.copy(SITE / "people.toml", self.site / "people.toml")
        intake = self.into / f"intake-{patients}.duckdb"
        if not intake.exists():
            self._tre("synth", str(intake), "--patients", str(patients))
        if not (self.site / "backends" / "tpp" / "store").exists():
            self._tre("--as", "eve", "data", "ingest", str(intake))

    def approved(self) -> str:
        """An application, approved by somebody who is not on the study."""
        self._chapter("Ada applies; Ben, who is not on the study, approves", "P4, P16")
        self._tre("--as", "ada", "study", "apply", str(self.into / "application.toml"))
        study = self._made["study"]
        self._tre(
            "--as", "ben", "study", "approve", study, "--condition", "Release aggregates by region only."
        )
        return study

    def released(self, study: str) -> str:
        """A run, its findings, two votes, and a release."""
        self._chapter("Ada submits; the worker runs each action in a sealed container", "P1, P5, P6, P8")
        self._tre("--as", "ada", "job", "submit", str(self.study), "--study", study)
        request = self._request_of(study)
        self._tre("worker", "run", "--until-idle")
        self._chapter("What Ada may see before sign-off: rules and coarse bands, no values", "P1")
        self._tre("--as", "ada", "job", "show", request)
        self._chapter("What a checker sees: the raw table, its small numbers marked", "P9, P10, P13")
        self._tre("--as", "cleo", "review", "show", request)
        self._tre("--as", "cleo", "review", "open", request, TABLE, "--rows", "12")
        self._chapter("Two checkers vote, blind to each other; one signs off", "P9")
        self._tre("--as", "cleo", "review", "vote", request, "--approve-all")
        self._tre("--as", "dan", "review", "vote", request, "--approve-all")
        self._tre("--as", "ada", "review", "sign-off", request, ends=Exit.REFUSED)
        self._tre("--as", "dan", "review", "sign-off", request)
        self._chapter("The release, beside what it was made from", "P9, P10")
        self._tre("worker", "run", "--until-idle")
        self._tre("--as", "cleo", "review", "compare", request, TABLE, "--rows", "14")
        self._tre("--as", "ada", "release", "show", request)
        self._tre("release", "verify", str(self.site / "releases" / request))
        return request

    def refused(self) -> None:
        """The same study, where it must not go."""
        self._chapter("The same study, when its purpose is not COVID-19", "P3")
        diabetes = self._changed("covid-19-research", "diabetes-research", "application-diabetes.toml")
        self._tre("--as", "ada", "study", "apply", str(diabetes), ends=Exit.REFUSED)
        self._chapter("… when its approval has lapsed", "P4")
        yesterday = (self._wiring.clock() - timedelta(days=1)).date().isoformat()
        self._approve("--ends", yesterday)
        self._submit(ends=Exit.REFUSED)
        self._chapter("… when it asks for a column that was not approved", "P8")
        columns = (
            "patients:patient_id,date_of_birth,sex,region",
            "covid_tests:patient_id,specimen_date,result",
        )
        self._approve(*(word for column in columns for word in ("--only", column)))
        self._submit(ends=Exit.REFUSED)

    def end(self, request: str, seconds: float) -> None:
        """The ledger, verified, and where everything lies."""
        self._chapter("The ledger: every step, who took it, chained by hashes", "P13")
        self._tre("ledger", "log", request)
        self._tre("ledger", "checkpoint")
        self._tre("ledger", "verify")
        self.console.print(
            f"\n[bold green]Done in {seconds:.0f} seconds.[/] Everything lies in {self.into}/."
        )
        self.console.print(f"Go on with: [bold]tre --site {self.site} --as ada job list[/]")

    def _approve(self, *words: str) -> None:
        self._tre("--as", "ada", "study", "apply", str(self.into / "application.toml"), quiet=True)
        self._tre("--as", "ben", "study", "approve", self._made["study"], *words, quiet=True)

    def _request_of(self, study: str) -> str:
        """The name of the study's request: it is made from what was handed in, so it is asked for."""
        requests = self._wiring.open_house(self.site).service.requests_with_studies()
        return next(case.id for case, of in requests if of.id == study)

    def _submit(self, *, ends: Exit) -> None:
        self._tre("--as", "ada", "job", "submit", str(self.study), "--study", self._made["study"], ends=ends)

    def _changed(self, old: str, new: str, name: str) -> Path:
        form = (self.into / "application.toml").read_text(encoding="utf-8")
        path = self.into / name
        path.write_text(form.replace(old, new), encoding="utf-8")
        return path

    def _chapter(self, title: str, promises: str) -> None:
        self.console.print(f"\n[bold blue]▌ {title}[/] [dim]{promises}[/]")

    def _tre(self, *words: str, ends: Exit = Exit.OK, quiet: bool = False) -> None:
        """Run one command as a person would, and insist on how it ends."""
        self.console.print(f"[bold]$ tre {shlex.join(words)}[/]", style="cyan")
        ended = self._run(hoist(["--site", str(self.site), *words]), quiet=quiet)
        if ended is not ends:
            raise StoryBroken(
                f"`tre {shlex.join(words)}` ended with {ended.name}; the story says {ends.name}."
            )

    def _run(self, words: Sequence[str], *, quiet: bool) -> Exit:
        shown = io.StringIO() if quiet else sys.stdout
        try:
            with contextlib.redirect_stdout(shown):
                self._command(list(words), self._wiring)
        except typer.Exit as end:
            return Exit(end.exit_code)
        except typer.TyperException as error:
            usage(self.console, error)
            return Exit.USAGE
        except Exception as error:
            if exit_for(error) is Exit.FAULT:
                raise
            tell(self.console, error)
            return exit_for(error)
        return Exit.OK

    def _remember(self, wiring: Wiring) -> Callable[[str], str]:
        def new_id(kind: str) -> str:
            self._made[kind] = wiring.new_id(kind)
            return self._made[kind]

        return new_id
