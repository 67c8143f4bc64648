"""State and its fold."""
