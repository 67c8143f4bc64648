"""An account made flat from outside: cancel, close, confirm."""
