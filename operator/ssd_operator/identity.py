"""What our resource is called in the Kubernetes API: said once, below everything that speaks of it."""

from typing import Final

__all__ = ["API_VERSION", "GROUP", "KIND", "PLURAL", "VERSION"]

GROUP: Final = "selfdistill.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "SelfDistillation"
PLURAL: Final = "selfdistillations"
