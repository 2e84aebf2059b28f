"""Worlds with reactors: accounts on opBNB, a bus, agents, and every effect counted."""
