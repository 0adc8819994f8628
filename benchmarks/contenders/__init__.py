"""The same weak-to-strong experiment on four code bases, one process each: ours and what it is compared with.

benchmarks/peers.py starts them and gives each its turn. Others' code is run as it is, from a clone that the user made.
"""
