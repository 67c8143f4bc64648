"""A run's journal, its node and its venue side by side: compared, and healed."""
