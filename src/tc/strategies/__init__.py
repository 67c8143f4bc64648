"""Core-native strategies: pure functions of what may be read of the stream, which run on any engine."""
