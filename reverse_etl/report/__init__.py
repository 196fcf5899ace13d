"""Report: how results look: on a terminal, as JSON lines, in the result file; knows values, and asks for no more."""
