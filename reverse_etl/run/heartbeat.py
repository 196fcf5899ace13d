"""Renews the lease of a run from a second session, so that a long statement does not lose it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from reverse_etl.errors import ReverseEtlError
from reverse_etl.snapshot.lease import Lease
from reverse_etl.warehouses.base import Warehouse
from reverse_etl.warehouses.mark import Mark

SessionOpener = Callable[[], Warehouse]


class Heartbeat:
    """A context in which a lease is renewed again and again, by a thread of its own.

        It gives no permission to send: only a flush does. A failed beat is tried again at the next one. If the lease is
    lost, the run notices it at its next write.
    """

    def __init__(self, lease: Lease, open_session: SessionOpener | None, every: float, mark: Mark) -> None:
        """`every` in seconds. Without `open_session` nothing is renewed. The session is opened at the first beat."""
        self._lease = lease
        self._every = every
        self._mark = mark
        self._ended = threading.Event()
        self._thread = open_session and threading.Thread(
            target=self._beat_until_ended, args=(open_session,), name="reverse_etl heartbeat", daemon=True
        )

    def __enter__(self) -> None:
        if self._thread:
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _beat_until_ended(self, open_session: SessionOpener) -> None:
        session: Warehouse | None = None
        try:
            while not self._ended.wait(self._every):
                with suppress(ReverseEtlError):
                    session = session or open_session()
                    with session.session(self._mark):
                        if not self._lease.beat(session):
                            break
        finally:
            if session is not None:
                session.close()
