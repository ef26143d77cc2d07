"""What we have, how it moves, what is at risk and what it costs: the ground of the four agents on top."""
