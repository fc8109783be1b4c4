"""Train: the base model fine-tuned on its own samples, by plain cross-entropy on completion tokens.

`corpus` and `schedule` are plain numbers, `layout` turns documents into packs, `attention` keeps the documents of a
pack apart, `loss` never builds a pack's logits, `model` loads and shards, `loop` trains, `checkpoint` makes every
interruption harmless, `guard` proves that the model is the one that sampled, `export` writes what vLLM opens,
and `launcher` starts and ends the processes.
"""
