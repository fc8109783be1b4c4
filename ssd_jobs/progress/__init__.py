"""The progress of a stage: a small file beside the artifact, a line in the log, and metrics over HTTP."""
