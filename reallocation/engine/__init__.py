"""The transfer program: a linear program over surplus, need and lanes, and a plan made from it."""
