"""The endpoints for lists, channels and message types that users choose."""
