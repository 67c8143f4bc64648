"""The HTTP server of metrics and pages: who is answered, with what, and how it starts and ends."""
