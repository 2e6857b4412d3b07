"""What is signed, made in memory from a seed as vault and bureau make it, and forged."""
