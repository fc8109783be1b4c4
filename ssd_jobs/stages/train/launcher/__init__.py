"""One node of the training gang: starts a process per GPU, and all live and die together."""
