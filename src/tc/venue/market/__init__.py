"""The market that the venue shows and matches against: where it comes from, the visible book, and the public streams."""
