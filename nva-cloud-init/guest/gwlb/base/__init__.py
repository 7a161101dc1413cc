"""Under every policy: rules, bridge and tunnels, and the guard that holds them."""
