"""Sampling of one shard, which may be killed at any moment: the machinery of `sample` and `generate`.

A unit is one (problem, sample index). It is sampled or pending, nothing between: `store` keeps what is sampled in
parquet parts and a journal, `loop` keeps an engine busy with what is pending, `shard` ties both to an artifact.
"""
