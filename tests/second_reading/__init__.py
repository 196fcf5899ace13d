"""A second reading of Iterable's API, for the tests: whoever shares a misreading with the sandbox is caught here."""

from tests.second_reading.memory import Settings
from tests.second_reading.replies import Reply
from tests.second_reading.server import Received, SecondReading, second_reading

__all__ = ["Received", "Reply", "SecondReading", "Settings", "second_reading"]
