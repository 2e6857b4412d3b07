"""A recorder's parts in the test's own process: session, vault, dock and what they are handed."""
