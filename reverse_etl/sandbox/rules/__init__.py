"""Iterable's rules as the sandbox applies them: identifiers, field types, limits, switchable faults."""
