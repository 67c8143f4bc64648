"""An attachment to a node that somebody else built: what it records, watches and, where it may, stops."""
