"""The loopback exchange: its own process, which speaks the protocol of a real exchange."""
