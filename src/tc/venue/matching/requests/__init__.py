"""What a request does: what is checked, and what happens to our orders step by step."""
