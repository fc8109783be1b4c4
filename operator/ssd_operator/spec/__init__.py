"""The custom resource: what a user writes, what it resolves to, and what the operator answers."""
