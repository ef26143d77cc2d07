"""One door to the outside: channels, templates, consent, quiet hours, caps and deliveries."""
