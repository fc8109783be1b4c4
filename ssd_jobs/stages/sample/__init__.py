"""Sample: solutions to the training prompts, drawn from the frozen base model."""
