"""How fast the two chains come in, beside a hand-written web3.py loop over the same made-up chains."""
