"""hftbacktest: Core-native strategies on order book data, with models of latency and of the queue at a price."""
