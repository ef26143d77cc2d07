"""The tables themselves: one CSV each, described in README.md beside them."""
