"""Break one thing, and put it back: each fault is injected, proves by a counter that it bit, and is restored."""
