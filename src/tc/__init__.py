"""tc, the ops lab for NautilusTrader: runs as facts, state as their fold, everything else derived."""

__version__ = "0.1.0"
