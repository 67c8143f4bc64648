"""What a live node's bus, data and start become: events and rows of the tape."""
