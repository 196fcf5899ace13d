"""The command line with the collector in the table of destinations: `python -m tests.second_destination run`."""

from reverse_etl.cli import main
from reverse_etl.destinations import DESTINATIONS

DESTINATIONS["collector"] = "tests.second_destination.collector:Collector"
main()
