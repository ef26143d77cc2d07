"""Pure values and words of the house: no framework, no clock, no network, no chance."""
