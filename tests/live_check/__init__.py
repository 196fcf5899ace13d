"""Ten statements that only a real account of Snowflake or BigQuery can answer."""
