"""Run a command, and end at its first statement: `python start_probe.py WORDS...`."""

from __future__ import annotations

import os

from reverse_etl.warehouses.statement_meter import StatementMeter


def end_at_first_statement() -> None:
    """From now on, the first statement that is sent to a warehouse ends the process."""

    def end(_meter: StatementMeter, _mark: object, _sql: str) -> None:
        os._exit(0)

    StatementMeter.statement = end  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    end_at_first_statement()
    from reverse_etl.cli import main

    main()
