"""BigQuery as a warehouse, through its jobs and its catalog."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reverse_etl.errors import WarehouseError
from reverse_etl.warehouses.base import ResultRow, WaitPolicy, Warehouse
from reverse_etl.warehouses.bigquery.credentials import client_of, driver, find_tokens, storage_of
from reverse_etl.warehouses.bigquery.dialect import BigQueryDialect
from reverse_etl.warehouses.bigquery.errors import ErrorContext, refusal, schema_denied
from reverse_etl.warehouses.bigquery.jobs import Done, Jobs, StatementRefused, translated
from reverse_etl.warehouses.bigquery.load_file import written
from reverse_etl.warehouses.bigquery.pricing import billed_bytes
from reverse_etl.warehouses.bigquery.profile import ProfileOptions, read_options
from reverse_etl.warehouses.bigquery.quoting import name, parts
from reverse_etl.warehouses.bigquery.streaming import Stream
from reverse_etl.warehouses.bigquery.table_version import version_of
from reverse_etl.warehouses.bigquery.types import columns_of
from reverse_etl.warehouses.columns import Column
from reverse_etl.warehouses.read_estimate import ReadEstimate
from reverse_etl.warehouses.statement_meter import RunningStatement, StatementMeter
from reverse_etl.warehouses.table_version import TableVersion

if TYPE_CHECKING:
    import pyarrow as pa

    from reverse_etl.warehouses import Connection
    from reverse_etl.warehouses.statements import Statements

# A page of the REST interface always holds 10 MB at most.
_PAGE = 10_000
# Only its session can see a temporary table, and it ends with the session.
_READING = re.compile(r"\s*(SELECT|WITH|CREATE OR REPLACE TEMP TABLE)\b", re.IGNORECASE)


class BigQuery(Warehouse):
    """The data of one project. It signs in at the first statement."""

    def __init__(
        self, profile: ProfileOptions, working_dir: Path, wait: WaitPolicy, *, read_only: bool = False
    ) -> None:
        """A key file's relative path is relative to `working_dir`. With `read_only` only SELECT statements are sent."""
        self.dialect = BigQueryDialect(uuid.uuid4().hex[:8])
        self.meter = StatementMeter(wait.monotonic)
        self._profile = profile
        self._working_dir = working_dir
        self._read_only = read_only
        self._created: Any | None = None
        self._jobs = Jobs(self._client, self._place, profile.rules, wait)
        self._stream = Stream(lambda: storage_of(profile, self._client()))

    @classmethod
    def open(cls, connection: Connection, *, read_only: bool) -> BigQuery:
        """Return the project that the profile names, as a warehouse."""
        driver()
        return cls(read_options(connection.fields), connection.working_dir, connection.wait, read_only=read_only)

    def table(self, schema: str, name_: str) -> str:
        return f"{name(self._project())}.{name(schema)}.{name(name_)}"

    def columns(self, relation: str) -> tuple[Column, ...] | None:
        """Return columns from the catalog, which costs no job."""
        found = self._look_up(relation)
        if found is None:
            return None
        self._jobs.location = found.location or self._jobs.location
        return columns_of(found.schema)

    def table_version(self, relation: str) -> TableVersion | None:
        """Return the version from the catalog, which costs no job. Its replies have no time: the last job's end has."""
        read_at, found = self._jobs.ended_at, self._look_up(relation)
        return None if found is None else version_of(found.to_api_repr(), read_at)

    def _look_up(self, relation: str) -> Any | None:
        """Return what the catalog says about a relation; None if it does not exist."""
        project, dataset, table = self._whole(relation)
        reference = driver().DatasetReference(project, dataset).table(table)
        try:
            return self._jobs.ask(self._client().get_table, reference)
        except StatementRefused as refused:
            if refused.message.reason == "notFound":
                return None
            raise refusal(refused.message, f"SELECT FROM {relation}", self._place()) from None

    def estimate_read(self, sql: str, tables: Sequence[str]) -> ReadEstimate:
        """Ask BigQuery for a dry run, which costs nothing."""
        try:
            job = self._jobs.dry_run(sql, self.mark)
        except StatementRefused as refused:
            raise refusal(refused.message, sql, self._place()) from None
        read = int(job.total_bytes_processed or 0)
        return ReadEstimate("dry run", read, billed_bytes(read, len(job.referenced_tables or tables)))

    def table_bytes(self, relation: str) -> int | None:
        project, dataset, table = self._whole(relation)
        reference = driver().DatasetReference(project, dataset).table(table)
        try:
            found = self._jobs.ask(self._client().get_table, reference).num_bytes
        except StatementRefused:
            return None
        return None if found is None else int(found)

    def prepare(self, steps: Statements) -> str:
        """Run all but the last step, each as a job that can read the tables of the others."""
        for statement in steps.first:
            self.execute(statement)
        return steps.last

    def query(self, sql: str, params: Sequence[object] = ()) -> list[ResultRow]:
        with self._running(sql, params) as (done, statement):
            rows: list[ResultRow] = translated(lambda: [tuple(row.values()) for row in done.rows])
            statement.rows_read = len(rows)
        return rows

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        with self._running(sql, params) as (done, statement):
            statement.rows_written = int(done.job.num_dml_affected_rows or 0)
        return statement.rows_written

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        page = max(rows, _PAGE)
        with self._running(sql, (), page) as (done, statement):
            first = [done.rows]
            again: Callable[[], Any] = lambda: first.pop() if first else done.job.result(page_size=page, job_retry=None)  # noqa: E731
            yield from statement.following(self._stream.read(again, rows))

    def load(self, table: str, types: Mapping[str, str], batches: Iterable[pa.RecordBatch]) -> int:
        """Load a table of texts by a load job, then cast them by a statement: four jobs for any number of rows."""
        project, dataset, name_ = self._whole(table)
        passing = f"{name_}__{uuid.uuid4().hex[:8]}"
        place, names = self.table(dataset, passing), ", ".join(types)
        declared = ", ".join(f"{one} {self.dialect.column_type('STRING')}" for one in types)
        values = ", ".join(self.dialect.try_cast(one, kind) for one, kind in types.items())
        self.execute(f"CREATE TABLE {place} ({declared}){self.dialect.table_options(next(iter(types)), passing=True)}")
        try:
            self._fill(driver().DatasetReference(project, dataset).table(passing), list(types), batches)
            return self.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {place}")
        finally:
            self.execute(f"DROP TABLE IF EXISTS {place}")

    def _fill(self, reference: Any, names: Sequence[str], batches: Iterable[pa.RecordBatch]) -> None:
        said = f"LOAD INTO {reference.dataset_id}.{reference.table_id}"
        with written(names, batches) as file, self.meter.statement(self.mark, said) as statement:
            try:
                done = self._jobs.load(file, reference, self.mark)
            except StatementRefused as refused:
                raise refusal(refused.message, said, self._place()) from None
            statement.seconds, statement.rows_written = done.seconds, int(done.job.output_rows or 0)

    def create_schema(self, schema: str) -> None:
        """Create the dataset through the catalog, which costs no job.

        Look for it first: creating always needs the right.
        """
        bigquery, client = driver(), self._client()
        dataset = bigquery.Dataset(bigquery.DatasetReference(self._project(), schema))
        # In the location of the model, since no statement can read tables of two locations.
        if place := self._profile.location or self._jobs.location:
            dataset.location = place
        try:
            if self._has(dataset.reference):
                return
            self._refuse_writing(f"CREATE SCHEMA {name(schema)}")
            self._jobs.ask(client.create_dataset, dataset, exists_ok=True)
        except StatementRefused as refused:
            if refused.message.denied:
                raise schema_denied(refused.message, schema, self._place()) from None
            raise refusal(refused.message, f"CREATE SCHEMA {name(schema)}", self._place()) from None

    def close(self) -> None:
        self._stream.close()
        self._jobs.end_session()
        client, self._created = self._created, None
        if client is not None:
            client.close()

    def _has(self, reference: Any) -> bool:
        try:
            self._jobs.ask(self._client().get_dataset, reference)
        except StatementRefused as refused:
            if refused.message.reason == "notFound":
                return False
            raise
        return True

    @contextmanager
    def _running(
        self, sql: str, params: Sequence[object], page: int | None = None
    ) -> Iterator[tuple[Done, RunningStatement]]:
        """Run one statement. An error while its rows are fetched is reported as an error of the statement."""
        if not _READING.match(sql):
            self._refuse_writing(sql)
        with self.meter.statement(self.mark, sql) as statement:
            done = self._jobs.run(sql, params, self.mark, page)
            statement.seconds, statement.bytes_processed, statement.bytes_billed = (
                done.seconds,
                done.processed,
                done.billed,
            )
            try:
                yield done, statement
            except StatementRefused as refused:
                raise refusal(refused.message, sql, self._place()) from None

    def _refuse_writing(self, sql: str) -> None:
        if self._read_only:
            raise WarehouseError(
                "read-only",
                "this command only reads, but it came to a statement that writes",
                context={"statement": sql.split("'", maxsplit=1)[0][:80]},
                hint="Use a command that can write, such as `reverse-etl run`.",
            )

    def _client(self) -> Any:
        if self._created is None:
            self._created = client_of(self._profile, self._working_dir)
        return self._created

    def _project(self) -> str:
        return self._profile.project or str(self._client().project)

    def _whole(self, relation: str) -> list[str]:
        """Return project, dataset and table of a relation."""
        found = parts(relation)
        return found if len(found) > 2 else [self._project(), *found]

    def _place(self) -> ErrorContext:
        client = self._client()
        account = getattr(client._credentials, "service_account_email", "")  # noqa: SLF001  # there is no public way
        member = f"serviceAccount:{account}" if "@" in str(account or "") else ""
        scrubbed: Callable[[str], str] = lambda text: self._profile.scrubbed(text, find_tokens(client._credentials))  # noqa: E731, SLF001
        return ErrorContext(self._project(), str(client.project), member, scrubbed)
