"""The toy: programming tasks and a tiny base model that half knows how to solve them, for one laptop."""
