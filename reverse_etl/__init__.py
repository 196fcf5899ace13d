"""Warehouse-native reverse ETL: tag a dbt model, send only its changed rows to Iterable."""

__version__ = "0.1.0"
