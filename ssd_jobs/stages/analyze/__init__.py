"""Analyze: how distillation changed the next-token distributions, by the paper's four aggregates on stored contexts.

`contexts` picks stored positions, `distributions` evaluates a model there, `statistics` turns what was seen into
curves for base and candidate on the same contexts.
"""
