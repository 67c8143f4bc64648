"""What a Python whose clock is faked loads at its start."""
