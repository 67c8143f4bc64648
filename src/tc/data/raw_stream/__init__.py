"""Captures of a venue's own messages: reading them, and putting an order book together from updates and a snapshot."""
