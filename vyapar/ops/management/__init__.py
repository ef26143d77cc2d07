"""Commands for people who run the house."""
