"""The sandboxes that these tests share."""

from sandbox.fixtures import each_sandbox, sandbox

__all__ = ["each_sandbox", "sandbox"]
