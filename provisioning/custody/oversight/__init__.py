"""Looking at custody without changing it: how every recorder stands, and whether all of it holds.

The audit goes through the ledger line by line and compares what follows from it; the status is a
clerk's list, read from what the desk has seen.
"""
