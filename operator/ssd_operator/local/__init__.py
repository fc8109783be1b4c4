"""The runner for one machine: the same graph and the same stage programs, as processes instead of pods."""
