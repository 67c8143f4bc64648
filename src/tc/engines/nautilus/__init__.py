"""NautilusTrader 1.231 at the edge: the only room that knows a Nautilus type."""
