"""`demo`: the main job on the sample shop, with everything real but Iterable: build, plan, run, change, and again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reverse_etl.cli.session import Session
from reverse_etl.errors import ConfigError, ReverseEtlError
from reverse_etl.report.amounts import plural

if TYPE_CHECKING:
    from reverse_etl.cli.stage import Stage

SAMPLE = "sample_dbt_project"
_BULK = "/api/users/bulkUpdate"
_EXAMPLES = 2
# Users that the sample's README promises for: day 1, day 2, and day 2 again.
_DAY_1, _DAY_2, _AGAIN = 194, 10, 0


def demo(
    session: Session,
    sample_dir: Annotated[
        Path | None, typer.Option("--sample-dir", help=f"Folder of the sample shop; default: {SAMPLE} nearby.")
    ] = None,
) -> None:
    """Play the main job on a sample shop. Build it, send it to a local Iterable, change some, send the difference."""
    from reverse_etl.cli.stage import stage

    def show(text: str) -> None:
        session.console.lines([text])

    sample = _sample(sample_dir)
    with stage(sample, show) as here:
        show(f"A local Iterable listens at {here.url}; the shop is a copy of {sample}.")
        _play(_Play(here))
    show("\nThat was all of it; nothing is left running.")


def _play(play: _Play) -> None:
    stage = play.stage
    stage.run("dbt", "build")
    stage.run("reverse-etl", "plan")
    stage.run("reverse-etl", "run")
    play.arrived(_DAY_1, "every user of the model")
    stage.show("\nA day later, some customers have changed:")
    stage.run("dbt", "build", "--vars", "day: 2")
    stage.run("reverse-etl", "plan")
    stage.run("reverse-etl", "run")
    play.arrived(_DAY_2, "only those who are new or changed")
    stage.run("reverse-etl", "run")
    play.arrived(_AGAIN, "nobody, since nothing changed")


class _Play:
    """What the sandbox has received so far."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._requests = 0
        self._users: dict[str, dict[str, Any]] = {}

    def arrived(self, promised: int, words: str) -> None:
        """Show what arrived since the last time. Raises where it is not what was promised."""
        requests = self.stage.read("/sandbox/requests")
        new = [one for one in requests[self._requests :] if one["path"] == _BULK and one["status"] == 200]
        self._requests = len(requests)
        received = sum(int(one["items"]) for one in new)
        users = {str(user.get("email")): user for user in self.stage.read("/sandbox/users")}
        different = [user for email, user in users.items() if user != self._users.get(email)]
        self._users = users
        self.stage.show(
            f"\n=> Iterable received {plural(received, 'user')} in {plural(len(new), 'request')}: {words}."
            f" It has {plural(len(users), 'user')} now."
        )
        for user in different[:_EXAMPLES]:
            self.stage.show(f"   {json.dumps(user, ensure_ascii=False)}")
        if received != promised or len(different) != promised:
            raise ReverseEtlError(
                "demo-promise-broken",
                f"{promised:,} users should have arrived, {received:,} did, and {len(different):,} differ",
                context={"promised": promised, "received": received, "different": len(different)},
                hint="If you changed the sample project, that is why; otherwise report it.",
            )


def _sample(named: Path | None) -> Path:
    places = [named] if named else [Path.cwd() / SAMPLE, Path(__file__).resolve().parents[2] / SAMPLE]
    found = next((place for place in places if (place / "dbt_project.yml").is_file()), None)
    if found is None:
        raise ConfigError(
            "missing-sample",
            "the sample project is not here",
            context={"looked at": ", ".join(map(str, places))},
            hint="Run the demo in a checkout of the repository, or name the folder with `--sample-dir`.",
        )
    return found.resolve()
