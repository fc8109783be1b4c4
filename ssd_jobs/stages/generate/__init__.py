"""Answer a benchmark's problems with one arm, at every decode setting."""
