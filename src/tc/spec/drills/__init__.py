"""Drills as documents: DrillSpec, what its faults may be told, and how one is read and checked."""
