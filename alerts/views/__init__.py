"""Pages of alerts, and of reports by mail."""
