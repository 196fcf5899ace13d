"""The endpoints for events, purchases and carts."""
