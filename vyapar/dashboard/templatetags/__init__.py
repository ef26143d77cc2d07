"""What templates may say: filters for figures and days, tags for components."""
