"""The sockets: one aiohttp application for requests, streams and faults, and the process around it."""
