"""The stages: a package per kind, whose `stage` has `run(config, context) -> result`; none imports another."""
