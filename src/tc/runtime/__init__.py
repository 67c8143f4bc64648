"""The Core's Runtime: it allocates positions and steps the Core."""
