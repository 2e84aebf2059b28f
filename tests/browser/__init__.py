"""The dashboard in a real browser, before the real programs on real chains."""
