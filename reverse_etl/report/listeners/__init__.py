"""Events as they come: as lines, as JSON objects, or on a terminal with a bar."""
