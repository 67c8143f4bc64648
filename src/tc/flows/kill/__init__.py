"""The kill switch is set: which nodes it concerns, what becomes of each, and how that is proven."""
