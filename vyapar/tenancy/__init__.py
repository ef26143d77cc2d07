"""Who the distributors are, and the walls between them."""
