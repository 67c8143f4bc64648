"""The document in which people and programs state what they saw at a venue, and how it is read."""
