"""Amounts as Kubernetes writes them, as numbers."""

import re
from decimal import Decimal

__all__ = ["amount"]

SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15),
    "E": Decimal(10**18), "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
    "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip
QUANTITY = re.compile(r"(?P<number>[0-9.]+([eE][0-9]+)?)(?P<suffix>[KMGTPE]i|[numkMGTPE]|)")


def amount(quantity: str) -> Decimal:
    """Return a quantity as a number, in its base unit."""
    matched = QUANTITY.fullmatch(quantity)
    assert matched is not None, quantity
    return Decimal(matched["number"]) * SUFFIXES[matched["suffix"]]
