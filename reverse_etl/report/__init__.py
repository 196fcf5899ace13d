"""How results look: on a terminal, as JSON lines, in the result file. Works on values and opens nothing."""
