"""Pages of the shell: first screen, inbox, agents, trail, settings."""
