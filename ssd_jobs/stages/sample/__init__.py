"""Sample once per training prompt from the frozen base model."""
