"""From what an engine says to a sealed run directory."""
