"""Runs each statement as one job with an id that we choose, so that the job is found again if the reply is lost.

A job succeeds or fails as a whole. A failed job did nothing, so it is tried again with a new id. If a reply is lost, we
ask for the job and never send it twice.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from reverse_etl.warehouses.base import WaitPolicy
from reverse_etl.warehouses.bigquery.credentials import driver
from reverse_etl.warehouses.bigquery.dialect import TEMPORARY
from reverse_etl.warehouses.bigquery.errors import ErrorContext, ServerMessage, read_message, refusal
from reverse_etl.warehouses.bigquery.profile import Rules
from reverse_etl.warehouses.mark import Mark

_Found = TypeVar("_Found")
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
# Seconds for which a new job is sometimes not found: github.com/googleapis/python-bigquery/issues/2134.
_UNKNOWN_FOR = 30.0
# Statements that compare a model with its sync snapshot.
_COMPARING = re.compile(r"\bWITH\b")
# The form of a label's value: cloud.google.com/bigquery/docs/labels-intro#requirements.
_UNLABELED = re.compile(r"[^a-z0-9_-]")
_LONGEST_LABEL = 63


@dataclass(frozen=True)
class Done:
    """A job that succeeded: the driver's job, and its rows, which are not fetched yet."""

    job: Any
    rows: Any

    @property
    def seconds(self) -> float | None:
        """Return how long it ran; None if the service does not report it."""
        began, ended = self.job.started, self.job.ended
        return (ended - began).total_seconds() if began and ended else None

    @property
    def processed(self) -> int | None:
        """Return the bytes that it read; None if it is no query."""
        return getattr(self.job, "total_bytes_processed", None)

    @property
    def billed(self) -> int | None:
        """Return the bytes that are billed, if bytes are: 0 if the result was cached."""
        return getattr(self.job, "total_bytes_billed", None)


class Jobs:
    """Runs statements. `location` is where their data is, once that is known.

    `ended_at` is when the last one ended by the service's clock, in seconds since 1970; 0 before the first one.
    """

    def __init__(
        self, client: Callable[[], Any], place: Callable[[], ErrorContext], rules: Rules, wait: WaitPolicy
    ) -> None:
        """`client` and `place` are called when they are first needed. `place` says where a failure was."""
        self.location = ""
        self.ended_at = 0.0
        self._kept_in = ""  # the id of BigQuery's session that has our temporary tables
        self._client = client
        self._place = place
        self._rules = rules
        self._wait = wait
        self._session = uuid.uuid4().hex
        self._number = 0

    def run(self, sql: str, params: Sequence[object], mark: Mark, page: int | None = None) -> Done:
        """Run one statement to its end. `page` is how many rows are fetched at a time. Raises WarehouseError."""
        self._number += 1
        digest = hashlib.sha256(repr((sql, tuple(params))).encode()).hexdigest()[:16]
        name = f"reverse_etl_{self._session}_{self._number}_{digest}"

        def done(attempt: int) -> Done:
            job = self._begin_job(f"{name}_{attempt}", sql, params, mark)
            self._kept_in = self._kept_in or getattr(job.session_info, "session_id", None) or ""
            return Done(job, translated(lambda: job.result(page_size=page, job_retry=None)))

        try:
            ended = self._run_with_retries(done)
        except StatementRefused as refused:
            raise refusal(refused.message, sql, self._place()) from None
        self.ended_at = ended.job.ended.timestamp() if ended.job.ended else self.ended_at
        return ended

    def dry_run(self, sql: str, mark: Mark) -> Any:
        """Return a job that says what a statement would read. It runs nothing. Raises StatementRefused."""
        client, config = self._client(), self._config(sql, (), mark)
        config.dry_run, config.use_query_cache = True, False
        place = self.location or client.location
        how = {"location": place, "timeout": self._rules.creation_timeout}
        return self._run_with_retries(lambda _: translated(lambda: client.query(sql, config, **how)))

    def load(self, file: IO[bytes], table: Any, mark: Mark) -> Done:
        """Load a Parquet file into an existing table, as one job. Raises StatementRefused."""
        self._number += 1
        bigquery = driver()
        config = bigquery.LoadJobConfig(
            labels=labels_of(mark), source_format="PARQUET", write_disposition="WRITE_APPEND"
        )
        self._reserve(config)

        def done(attempt: int) -> Done:
            client = self._client()
            how = {"job_id": f"reverse_etl_{self._session}_{self._number}_{attempt}", "rewind": True}
            how["location"] = self.location or client.location
            job = translated(lambda: client.load_table_from_file(file, table, job_config=config, **how))
            return Done(job, translated(job.result))

        return self._run_with_retries(done)

    def ask(self, question: Callable[..., Any], *about: object, **how: object) -> Any:
        """Return an answer of the catalog, which costs no job. Raises StatementRefused."""
        how["timeout"] = self._rules.creation_timeout
        return self._run_with_retries(lambda _: translated(lambda: question(*about, **how)))

    def _run_with_retries(self, work: Callable[[int], _Found]) -> _Found:
        """Return the result of work, with retries if they are safe. `work` gets the number of the attempt.

        Raises StatementRefused.
        """
        until = self._wait.monotonic() + (self._rules.retry_deadline or self._wait.seconds)
        attempt, pause = 1, _FIRST_PAUSE
        while True:
            try:
                return work(attempt)
            except StatementRefused as refused:
                if not self._may_try_again(refused.message, attempt, until):
                    raise
            self._wait.sleep(pause)
            attempt, pause = attempt + 1, min(2 * pause, _LONGEST_PAUSE)

    def _may_try_again(self, said: ServerMessage, attempt: int, until: float) -> bool:
        if said.conflicts and self._wait.monotonic() < until:
            return True
        return (said.fails or said.conflicts) and attempt <= self._rules.retries

    def _begin_job(self, job_id: str, sql: str, params: Sequence[object], mark: Mark) -> Any:
        """Return the job of an id, whether this call started it or an earlier call whose reply was lost."""
        from google.api_core import exceptions

        client = self._client()
        place = self.location or client.location
        how = {"job_id": job_id, "location": place, "timeout": self._rules.creation_timeout, "job_retry": None}
        config = self._config(sql, params, mark)
        try:
            return translated(lambda: client.query(sql, config, **how), exceptions.Conflict)
        except exceptions.Conflict:
            return self._find_job(job_id, place)

    def _find_job(self, job_id: str, place: str) -> Any:
        """Return an existing job. It may be unknown for some seconds, and with another id it would run twice."""
        until, pause = self._wait.monotonic() + _UNKNOWN_FOR, _FIRST_PAUSE
        while True:
            try:
                return translated(lambda: self._client().get_job(job_id, location=place))
            except StatementRefused as refused:
                if refused.message.reason != "notFound" or self._wait.monotonic() >= until:
                    raise
            self._wait.sleep(pause)

    def _config(self, sql: str, params: Sequence[object], mark: Mark) -> Any:
        rules, bigquery = self._rules, driver()
        # A job of low priority can wait for a day, and heartbeats must not wait.
        priority = rules.priority if _COMPARING.search(sql) else "INTERACTIVE"
        config = bigquery.QueryJobConfig(priority=priority, labels=labels_of(mark), use_legacy_sql=False)
        # Casts use the project's default time zone unless the job sets one.
        config.connection_properties = [bigquery.ConnectionProperty("time_zone", "UTC")]
        if TEMPORARY in sql:
            self._keep_tables(config)
        config.query_parameters = [_parameter(value) for value in params]
        if rules.maximum_bytes_billed:
            config.maximum_bytes_billed = rules.maximum_bytes_billed
        if rules.execution_timeout:
            config.job_timeout_ms = int(rules.execution_timeout * 1000)
        self._reserve(config)
        return config

    def _keep_tables(self, config: Any) -> None:
        """Let a job read our temporary tables, which BigQuery keeps for all jobs with one `session_id`.

        cloud.google.com/bigquery/docs/sessions-intro: the right to create jobs is enough.
        """
        if self._kept_in:
            kept = driver().ConnectionProperty("session_id", self._kept_in)
            config.connection_properties = [*config.connection_properties, kept]
        else:
            config.create_session = True

    def end_session(self) -> None:
        """End BigQuery's session, if there is one, so that its tables are gone at once and not in a day."""
        if not self._kept_in:
            return
        config = driver().QueryJobConfig(use_legacy_sql=False)
        config.connection_properties = [driver().ConnectionProperty("session_id", self._kept_in)]
        self._kept_in = ""
        with suppress(StatementRefused):
            translated(lambda: self._client().query("CALL BQ.ABORT_SESSION()", config, location=self.location or None))

    def _reserve(self, config: Any) -> None:
        if self._rules.reservation:
            config._properties["reservation"] = self._rules.reservation  # noqa: SLF001  # old clients: no public name


class StatementRefused(Exception):
    """A failed statement, before it is known whether it is tried again."""

    def __init__(self, said: ServerMessage) -> None:
        """`said` is what the driver reported."""
        super().__init__(said.reason)
        self.message = said


def translated(work: Callable[[], Any], passing: type[Exception] | tuple[type[Exception], ...] = ()) -> Any:
    """Return the result of a driver call. Its errors become StatementRefused, except `passing`."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError

    try:
        return work()
    except passing:
        raise
    except exceptions.GoogleAPICallError as error:
        raise StatementRefused(read_message(error)) from None
    except (exceptions.RetryError, GoogleAuthError, OSError) as error:  # errors of requests are OSErrors
        raise StatementRefused(_no_answer_message(getattr(error, "cause", None) or error)) from None


def labels_of(mark: Mark) -> Mapping[str, str]:
    """Return the labels of a job, so that logs and bills of the project show who started it."""
    parts = {"invocation": mark.invocation, "sync": mark.sync, "step": mark.step}
    said = {key: text for key, text in parts.items() if text}
    named = {f"reverse_etl_{key}": _UNLABELED.sub("_", text.lower())[:_LONGEST_LABEL] for key, text in said.items()}
    return {"application": "reverse_etl", **named}


def _parameter(value: object) -> Any:
    """Return a value as a parameter at its position. None becomes a text parameter."""
    kinds = ((bool, "BOOL"), (int, "INT64"), (float, "FLOAT64"), (bytes, "BYTES"))
    kind = next((name for python, name in kinds if isinstance(value, python)), "STRING")
    return driver().ScalarQueryParameter(None, kind, value)


def _no_answer_message(error: Any) -> ServerMessage:
    """Return the error for no answer. It names the kind of failure, and not its text, which may hold a token."""
    return ServerMessage("", type(error).__name__, connection_lost=True)
