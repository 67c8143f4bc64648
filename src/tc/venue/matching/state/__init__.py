"""All that the exchange knows: wallet, positions, orders and fills; how they are valued, found again and saved."""
