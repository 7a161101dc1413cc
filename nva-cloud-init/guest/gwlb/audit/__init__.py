"""Records of the decisions that rules log."""
