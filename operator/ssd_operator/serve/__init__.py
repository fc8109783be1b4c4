"""The operator as a process: leader election, watches, queue, resync, health and metrics."""
