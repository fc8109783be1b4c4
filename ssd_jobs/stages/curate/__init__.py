"""Curate: which samples are trained on, the records made of them, and the batches of every optimizer step.

`decisions` says which samples stay, `execution` runs programs for it, `records` writes what training reads, and
`batches` fixes their order.
"""
