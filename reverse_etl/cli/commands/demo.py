"""`demo`: build, plan and run the sample shop, change it, and run again. Everything is real except Iterable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reverse_etl.cli.command import Session
from reverse_etl.counting import plural
from reverse_etl.errors import ConfigError, ReverseEtlError

if TYPE_CHECKING:
    from reverse_etl.cli.demo_environment import DemoEnvironment

SAMPLE = "sample_dbt_project"
_EXAMPLES = 1


@dataclass(frozen=True)
class ReceivedCounts:
    """What Iterable must have received of one kind: new or changed things, and removed things."""

    new: int
    gone: int = 0


# What the sample's README promises, by kind: day 1, day 2, and day 2 again.
_DAY_1 = {
    "users": ReceivedCounts(194),
    "events": ReceivedCounts(589),
    "items": ReceivedCounts(15),
    "members": ReceivedCounts(117),
}
_DAY_2 = {
    "users": ReceivedCounts(10),
    "events": ReceivedCounts(5),
    "items": ReceivedCounts(3, 1),
    "members": ReceivedCounts(2, 1),
}
_AGAIN = dict.fromkeys(_DAY_1, ReceivedCounts(0))


def demo(
    session: Session,
    sample_dir: Annotated[
        Path | None, typer.Option("--sample-dir", help=f"Folder of the sample shop; default: {SAMPLE} nearby.")
    ] = None,
) -> None:
    """Play the main job on a sample shop. Build it, send it to a local Iterable, change some, send the difference."""
    from reverse_etl.cli.demo_environment import open_demo_environment

    def show(text: str) -> None:
        session.console.lines([text])

    sample = _find_sample(sample_dir)
    with open_demo_environment(sample, show) as here:
        show(f"A local Iterable listens at {here.url}; the shop is a copy of {sample}.")
        _play(_Play(here))
    show("\nThe demo is over. Nothing keeps running.")


def _play(play: _Play) -> None:
    environment = play.environment
    environment.run("dbt", "build")
    environment.run("reverse-etl", "plan")
    environment.run("reverse-etl", "run")
    play.check_received(_DAY_1, "everything, since Iterable had nothing")
    environment.show("\nA day later, some customers, orders and products have changed:")
    environment.run("dbt", "build", "--vars", "day: 2")
    environment.run("reverse-etl", "plan")
    environment.run("reverse-etl", "run")
    play.check_received(_DAY_2, "only what is new, changed or gone")
    environment.run("reverse-etl", "run")
    play.check_received(_AGAIN, "nothing, since nothing changed")


class _Play:
    """What the sandbox has received so far, by kind."""

    def __init__(self, environment: DemoEnvironment) -> None:
        self.environment = environment
        self._requests = 0
        self._contents: dict[str, dict[str, object]] = {kind: {} for kind in _DAY_1}

    def check_received(self, promised: Mapping[str, ReceivedCounts], words: str) -> None:
        """Print what arrived since the last check. Raises ReverseEtlError if it is not what was promised."""
        requests = self._new_requests()
        self.environment.show(f"\n=> In {plural(requests, 'request')} Iterable received {words}:")
        held = _read_contents(self.environment)
        for kind, wanted in promised.items():
            self._compare(kind, self._contents[kind], held[kind], wanted)
        self._contents = held
        if bool(requests) != any(one != ReceivedCounts(0) for one in promised.values()):
            raise _broken_promise("requests", "none", requests)

    def _new_requests(self) -> int:
        """Return the requests that wrote something, since the last time."""
        requests = self.environment.read("/sandbox/requests")
        new = [one for one in requests[self._requests :] if one["method"] != "GET" and one["status"] < 300]
        self._requests = len(requests)
        return len(new)

    def _compare(
        self, kind: str, before: Mapping[str, object], now: Mapping[str, object], wanted: ReceivedCounts
    ) -> None:
        different = [value for key, value in now.items() if before.get(key) != value]
        found = ReceivedCounts(len(different), len(before.keys() - now.keys()))
        gone = f", {found.gone:,} gone" if found.gone else ""
        self.environment.show(f"   {kind}: {found.new:,} new or changed{gone}; it has {len(now):,} now")
        for value in different[:_EXAMPLES]:
            self.environment.show(f"      {json.dumps(value, ensure_ascii=False)}")
        if found != wanted:
            raise _broken_promise(kind, wanted, found)


def _read_contents(environment: DemoEnvironment) -> dict[str, dict[str, object]]:
    """Return what the sandbox holds, by kind and identity."""
    return {
        "users": {str(user["email"]): user for user in environment.read("/sandbox/users")},
        "events": {str(event["id"]): event for event in environment.read("/sandbox/events")},
        "items": {
            f"{catalog['name']} {item}": {item: value}
            for catalog in environment.read("/sandbox/catalogs")
            for item, value in catalog["items"].items()
        },
        "members": {
            f"{one['name']} {member['email']}": {one["name"]: member["email"]}
            for one in environment.read("/sandbox/lists")
            for member in one["members"]
        },
    }


def _broken_promise(kind: str, promised: object, found: object) -> ReverseEtlError:
    return ReverseEtlError(
        "demo-promise-broken",
        f"other {kind} arrived than the demo promises",
        context={"promised": promised, "found": found},
        hint="If you changed the sample project, that is why; otherwise report it.",
    )


def _find_sample(named: Path | None) -> Path:
    places = [named] if named else [Path.cwd() / SAMPLE, Path(__file__).resolve().parents[3] / SAMPLE]
    found = next((place for place in places if (place / "dbt_project.yml").is_file()), None)
    if found is None:
        raise ConfigError(
            "missing-sample",
            "the sample project is not here",
            context={"looked at": ", ".join(map(str, places))},
            hint="Run the demo in a checkout of the repository, or name the folder with `--sample-dir`.",
        )
    return found.resolve()
