"""A drill for people: its timeline on one axis, its incident report, and the figures of all executions."""
