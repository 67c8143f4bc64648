"""A report's content in words and tables, the same for every format."""
