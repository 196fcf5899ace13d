"""What DuckDB refuses: rights that are missing, files that are lost, errors that would show values or secrets."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import pytest

from reverse_etl.errors import ReverseEtlError, WarehouseError
from reverse_etl.warehouses.duckdb import warehouse as file
from tests.contracts.sync_harness import MODEL_SCHEMA
from tests.warehouses.duckdb.on_duckdb import OnDuckDB

NOBODY = 65534


def shown(error: BaseException) -> str:
    """Everything that could be printed of an error, its causes included."""
    texts = []
    link: BaseException | None = error
    while link is not None:
        texts.append(f"{link} {link!r} {getattr(link, 'context', '')} {getattr(link, 'hint', '')}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return " ".join(texts)


class TestSecrets(OnDuckDB):
    @pytest.fixture(autouse=True)
    def offline(self, monkeypatch):
        """Without the extensions that DuckDB would fetch from the network."""
        options = file.options_of("200MB", read_only=False)
        config = {**options["config"], "autoinstall_known_extensions": "false"}
        monkeypatch.setattr(file, "options_of", lambda *_, **__: {**options, "config": config})

    @pytest.mark.parametrize(
        "secret",
        [
            {"path": "md:shop?motherduck_token=hush-hush"},
            {"path": "no.duckdb?motherduck_token=hush-hush"},
            {"attach": [{"path": "md:shop?motherduck_token=hush-hush", "alias": "other"}]},
            {"attach": [{"path": "/nowhere/x.db?motherduck_token=hush-hush", "alias": "other"}]},
            {"attach": [{"path": "postgres:dbname=x password=hush-hush", "type": "postgres", "alias": "other"}]},
            {"attach": [{"path": "postgres://me:hush-hush@nowhere/x", "type": "postgres", "alias": "other"}]},
        ],
    )
    def test_database_that_is_not_opened_shows_no_token(self, reopen, secret):
        for work in (lambda opened: opened.query("SELECT * FROM other.t"), lambda opened: opened.columns("other.t")):
            with pytest.raises(ReverseEtlError) as raised:
                work(reopen(**secret))
            assert "hush" not in shown(raised.value)

    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT CAST('jo@example.com' AS INTEGER)",
            "INSERT INTO once VALUES ('jo@example.com')",
            "SELECT * FROM 'md:x?motherduck_token=jo@example.com'",
            "ATTACH 'nowhere/x?motherduck_token=jo@example.com' (READ_ONLY)",
            "SELECT nothing FROM once WHERE v = 'jo@example.com'",
        ],
    )
    def test_errors_show_no_values(self, warehouse, statement):
        warehouse.execute("CREATE TABLE once (v VARCHAR PRIMARY KEY)")
        warehouse.execute("INSERT INTO once VALUES ('jo@example.com')")
        for work in (lambda: warehouse.query(statement), lambda: list(warehouse.batches(statement, 10))):
            with pytest.raises(WarehouseError) as raised:
                work()
            assert "jo@example.com" not in shown(raised.value)


class TestRights(OnDuckDB):
    @pytest.fixture
    def path(self):
        """Where others may come too, which a folder of pytest's is not."""
        folder = Path(tempfile.mkdtemp())
        with duckdb.connect(str(folder / "shop.duckdb")) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS a")
        folder.chmod(0o755)
        yield folder / "shop.duckdb"
        shutil.rmtree(folder)

    @contextmanager
    def nobody(self):
        """As a user who owns nothing, if there is another user."""
        me = os.geteuid()
        if me == 0:
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(me)

    @pytest.mark.parametrize(
        ("file", "folder", "statement", "right"),
        [
            (0o444, 0o755, "INSERT INTO t VALUES (2)", "reading and writing the file"),
            (0o666, 0o555, "INSERT INTO t VALUES (2)", "writing in the folder of the file"),
            (0o000, 0o755, "SELECT a FROM t", "reading and writing the file"),
        ],
    )
    def test_missing_right_is_named_with_its_statement(self, path, reopen, file, folder, statement, right):
        path.chmod(file)
        path.parent.chmod(folder)
        with self.nobody(), pytest.raises(WarehouseError) as raised:
            reopen().execute(statement)
        assert raised.value.code == "permission-denied"
        assert raised.value.context["right"] == right
        assert raised.value.context["statement"] in ("opening the file", f"`{statement}`")
        path.chmod(0o644)
        path.parent.chmod(0o755)
        assert reopen().query("SELECT a FROM t") == [(1,)]

    def test_a_file_that_one_may_only_read_is_read(self, path, reopen):
        path.chmod(0o444)
        path.parent.chmod(0o555)
        with self.nobody():
            assert reopen(read_only=True).query("SELECT a FROM t") == [(1,)]
        path.parent.chmod(0o755)


class TestLostConnection(OnDuckDB):
    @contextmanager
    def full(self, path):
        """No file may grow beyond what it is now, as on a full disk."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def model(self, harness) -> None:
        """Two rows. One is more than fits."""
        harness.model({"email": "VARCHAR", "v": "VARCHAR"}, [("a@x.y", "1"), ("b@x.y", "2")])
        harness.run()
        harness.sql("UPDATE {model} SET v = repeat(email, 1000000)")

    def settled(self, harness) -> None:
        harness.expire()
        harness.run()
        assert set(harness.states().values()) == {"accepted"}
        assert harness.lying_entries() == []
        assert harness.counted() == {}

    def test_while_reading(self, path, harness):
        """What is left of the file is not what was read so far."""
        self.model(harness)
        noise = "SELECT md5(CAST(range AS VARCHAR)) AS a, md5(CAST(-range AS VARCHAR)) AS b FROM range(300000)"
        harness.warehouse.execute(f"CREATE TABLE noise AS {noise}")
        harness.warehouse.unlock()
        batches = harness.warehouse.batches("SELECT a, b FROM noise", 10)
        next(batches)
        whole = path.read_bytes()
        os.truncate(path, 500_000)
        with pytest.raises(WarehouseError) as raised:
            list(batches)
        assert raised.value.code == "duckdb-error"
        harness.warehouse.unlock()
        path.write_bytes(whole)
        self.settled(harness)

    def test_while_loading(self, path, harness):
        self.model(harness)
        harness.warehouse.unlock()
        with self.full(path), pytest.raises(WarehouseError) as raised:
            harness.run()
        assert raised.value.code == "duckdb-error"
        assert raised.value.hint.startswith("Free disk space")
        self.settled(harness)

    def test_while_committing(self, path, harness):
        self.model(harness)
        merge = harness.warehouse.dialect.merge
        with ExitStack() as limit:

            def full(*parts):
                harness.warehouse.unlock()
                limit.enter_context(self.full(path))
                return merge(*parts)

            harness.warehouse.dialect.merge = full
            with pytest.raises(WarehouseError) as raised:
                harness.run()
        del harness.warehouse.dialect.merge
        assert "MERGE" in raised.value.message
        self.settled(harness)

    def test_file_that_is_gone(self, path, harness):
        self.model(harness)
        harness.warehouse.unlock()
        path.rename(path.with_suffix(".away"))
        with pytest.raises(ReverseEtlError) as raised:
            harness.run()
        assert raised.value.code == "missing-database"
        path.with_suffix(".away").rename(path)
        self.settled(harness)

    def test_model_is_gone(self, harness):
        self.model(harness)
        harness.builder.execute(f"DROP TABLE {MODEL_SCHEMA}.users")
        with pytest.raises(WarehouseError) as raised:
            harness.warehouse.query(f"SELECT 1 FROM {MODEL_SCHEMA}.users")
        assert raised.value.code == "relation-not-found"
