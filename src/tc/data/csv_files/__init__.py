"""CSV files of market data: opening, recognising and decoding them, and saying what is wrong."""
