"""The made-up market of the packaged sample."""
