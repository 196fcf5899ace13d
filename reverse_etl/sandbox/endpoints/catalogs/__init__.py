"""The endpoints for catalogs and their items."""
