"""A second implementation of the API that the tests use, written apart from the sandbox to catch misreadings."""

from tests.reference_iterable.project_memory import Settings
from tests.reference_iterable.replies import Reply
from tests.reference_iterable.server import Received, ReferenceServer, serve_reference

__all__ = ["Received", "ReferenceServer", "Reply", "Settings", "serve_reference"]
