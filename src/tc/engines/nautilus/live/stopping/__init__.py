"""How a live node ends: by a kill or by winding down, and what must have come to rest before that is said."""
