"""The kernel's connection table: how many flows it follows, and for how long."""
