"""Sends the plan of a run to the destination, window by window."""
