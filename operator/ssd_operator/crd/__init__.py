"""The CustomResourceDefinition, made from the models of `spec`: `python -m ssd_operator.crd [--check]`."""
