"""The tape as Arrow: rows to the bytes of a block and back, and a run's tape to a dataset."""
