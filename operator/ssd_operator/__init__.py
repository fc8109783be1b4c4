"""The control side: the resource, the plan, and the two runners that carry it out."""

__all__ = ["__version__"]

__version__ = "0.1.0"
"""The version of package, chart and images; `make release` writes another one into all of them."""
