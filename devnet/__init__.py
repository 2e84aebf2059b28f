"""A world to try the house in: two local chains, the contracts on them, and actors who rent and provide."""
