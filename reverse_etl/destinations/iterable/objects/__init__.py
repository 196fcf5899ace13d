"""One file per Iterable object: its entry, identity, fields, requests and replies."""
