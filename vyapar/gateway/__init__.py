"""The API's manners: keys and scopes, throttles, idempotency, problem+json, OpenAPI."""
