"""Where data comes from: one package per outside system."""
