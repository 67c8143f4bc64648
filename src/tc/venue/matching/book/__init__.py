"""One symbol's visible book, and our resting orders beside it."""
