"""What the figures of the README come from: each prints a ratio against a named peer or limit."""
