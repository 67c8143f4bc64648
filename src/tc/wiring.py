"""What each command really gets; the only file that imports inside functions, so that a command loads only what it uses."""
