"""The Reallocation agent: what should move, by which vehicle, with which papers."""
