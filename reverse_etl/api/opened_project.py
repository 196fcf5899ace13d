"""How an operation opens a dbt project: its options, its environment, and the listener to what happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from reverse_etl.errors import ReverseEtlError
from reverse_etl.events import Listener
from reverse_etl.project.sandboxes.sandbox_use import SandboxUse

if TYPE_CHECKING:
    from reverse_etl.project.context import ProjectOptions
    from reverse_etl.project.session import ProjectSession
    from reverse_etl.report.redaction import Redactor

Names = str | Sequence[str]
"""One name, or several. Of models and syncs: selectors, as in dbt."""


class OpenedProject:
    """A dbt project with the options of dbt. Operations open a session in it."""

    def __init__(self, options: ProjectOptions, env: Mapping[str, str], on_event: Listener, *, sandbox: bool) -> None:
        """Use `Project.load`, which looks for the project first."""
        from reverse_etl.project.reporter import Reporter
        from reverse_etl.report.redaction import secrets_in

        self._options = options
        self._env = env
        self._sandbox = sandbox
        self._reporter = Reporter(on_event)
        self._reporter.learn(secrets_in(env))

    @property
    def redactor(self) -> Redactor:
        """Replaces every secret that was read so far by asterisks: `project.redactor(text)`."""
        return self._reporter.redactor

    @contextmanager
    def _open(
        self, use: SandboxUse, select: Names, exclude: Names, allow: Names, settings: Mapping[str, object] | None = None
    ) -> Iterator[ProjectSession]:
        """Open a session for one operation. Errors leave it without secrets."""
        from reverse_etl.project.session import open_session

        allowed = [name for text in names_in(allow) for name in text.split()]
        options = replace(
            self._options, select=names_in(select), exclude=names_in(exclude), allow=allowed, settings=settings or {}
        )
        try:
            with open_session(options, self._env, self._reporter, use if self._sandbox else SandboxUse.NONE) as session:
                yield session
        except ReverseEtlError as error:
            self._reporter.redact(error)
            raise


def names_in(names: Names) -> Sequence[str]:
    """Return one name, or several, as a sequence."""
    return (names,) if isinstance(names, str) else tuple(names)
