"""Judgements of drills: what a fault must have come to, and what must hold in a run whatever is broken."""
