"""The people of a distributor: who signs in, in which role, and what that role may do."""
