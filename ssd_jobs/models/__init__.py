"""Models and tokenizers from a directory: loaded whole or not at all, and how a problem becomes a prompt."""
