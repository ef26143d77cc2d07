"""The spine: events and their delivery, actions and their life, autonomy, cycles, audit."""
