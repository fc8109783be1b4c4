"""Locks and forks in a real model, by the paper's four aggregates: no token is labelled, distributions are counted.

`contexts` picks stored positions, `distributions` evaluates a model there, `statistics` turns what was seen into
curves for base and candidate on the same contexts.
"""
