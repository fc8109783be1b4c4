"""From a resolved spec to a graph of stages with keys and complete configs: pure, and the same for both runners."""

from ssd_operator.plan.build import build
from ssd_operator.plan.graph import Artifact, Graph, Node, Platform, Surroundings

__all__ = ["Artifact", "Graph", "Node", "Platform", "Surroundings", "build"]
