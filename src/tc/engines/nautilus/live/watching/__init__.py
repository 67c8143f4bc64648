"""The watch over a live node: its state, its kill files, and the socket through which it is asked and told."""
