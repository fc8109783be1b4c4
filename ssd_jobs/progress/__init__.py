"""How far a stage is: a small file beside the artifact, a line in the log, and metrics over HTTP."""
