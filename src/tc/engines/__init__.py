"""How a strategy is run; one room per engine."""
