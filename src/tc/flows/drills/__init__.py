"""Break it for real, prove it, put it back: one drill, and many."""
