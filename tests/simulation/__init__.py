"""The whole hub in a seeded world: virtual time, faulty targets, crashes at every await."""
