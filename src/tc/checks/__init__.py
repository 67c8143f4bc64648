"""Judgements about artifacts and data: pure functions from values to findings."""
