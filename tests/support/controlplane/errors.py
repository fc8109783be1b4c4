"""What stops a test run before it starts: one sentence that says what is missing and what to do about it."""

__all__ = ["Unavailable"]


class Unavailable(RuntimeError):
    """A piece of the test control plane is missing, could not be built, or did not start."""
