"""The resource's models as a CustomResourceDefinition: `python -m ssd_operator.crd [--check]`."""
