"""
What is fast, measured: each benchmark pairs its figures with a yardstick of the same run.

Outside of the floors: only tests import it. What was found, when and on which machine, stands in its README.
"""
