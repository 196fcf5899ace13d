"""What a `reverse_etl` entry and `reverse_etl.yml` may say, every problem in them, and the JSON Schema."""
