"""The operator's process: leader election, watches, queue, resync, health and metrics."""
