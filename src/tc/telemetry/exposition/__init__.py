"""Samples as the text that Prometheus reads, kept in pieces: what did not change is neither rendered nor compressed again."""
