"""The documents that people write, and their digests."""
