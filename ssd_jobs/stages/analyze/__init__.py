"""Analyze: how distillation changed the next-token distributions, by the paper's four aggregates on held-out contexts.

`contexts` picks positions in what both models have generated for a benchmark, `distributions` evaluates a model there,
`kept` remembers it while the stage is unfinished, and `statistics` turns it into curves of base and candidate on the
same contexts, with the intervals of `resampling`.
"""
