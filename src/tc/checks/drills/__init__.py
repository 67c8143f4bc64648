"""Judgements of drills: what a fault must have come to."""
