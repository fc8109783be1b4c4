"""Models and tokenizers from a directory: verified, loaded whole or not at all, and how a problem becomes a prompt."""
