"""A paper run: the node within, the supervisor outside, what they say to each other, and how a stopped one goes on."""
