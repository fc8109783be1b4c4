"""A world small enough for a laptop: toy programming tasks and a tiny base model that half knows how to solve them."""
