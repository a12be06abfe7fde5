"""The simulated account directory: SCIM 2.0 users (RFC 7643, 7644), the account that every sign-in asks."""
