"""What keeps the house running: services, health, metrics, backup, and the local far sides."""
