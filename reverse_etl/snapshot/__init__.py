"""Keeps in the warehouse what the destination accepted: tables, diff, plan, lease. Does not know the destination."""
