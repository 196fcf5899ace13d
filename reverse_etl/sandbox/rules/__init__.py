"""Rules of the sandbox that need no state: identifiers, dates, field types, rate limits, faults."""
