"""Events told to systems outside: signed, retried, logged, replayed."""
