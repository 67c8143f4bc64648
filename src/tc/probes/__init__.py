"""Reach out to a target and look at what answers: HTTP, TCP, TLS and WebSocket handshakes; nothing is sent but those."""
