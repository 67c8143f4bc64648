"""What you can type: each command parses, calls one flow, shows, and exits."""
