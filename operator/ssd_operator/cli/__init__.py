"""`ssd`: what a person types. Every command reads the same YAML as `kubectl apply`."""

from ssd_operator.cli.app import main

__all__ = ["main"]
