"""One module per stage, each with `run(config, context) -> result`; stages meet at files, never at imports."""
