"""Bringing market data in: import, generation, catalogue, fingerprint."""
