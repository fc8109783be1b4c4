"""The custom resource: its fields, defaults and rules as models, how it is read, and what its status says."""
