"""What `tc drill` really gets: documents, labs of real processes, faults that bite, and folders that keep what came of it."""
