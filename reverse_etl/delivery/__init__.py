"""Rows to requests to outcomes: batches, rate limits, retries, bisecting. Knows no vendor."""
