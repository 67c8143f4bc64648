"""The live node: NautilusTrader's TradingNode with its own Binance USD-M adapter, under the recorder and gate of a backtest."""
