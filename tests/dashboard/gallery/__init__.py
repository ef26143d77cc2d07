"""The components and page compositions with made-up figures, to look at without a database."""
