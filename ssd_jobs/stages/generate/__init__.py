"""Generate: solutions to a benchmark's problems by one of the two models, at every decode setting."""
