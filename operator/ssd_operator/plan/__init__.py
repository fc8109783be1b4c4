"""The plan of a run: a graph of stages with keys and complete configs, made from a resolved spec; pure."""

from ssd_operator.plan.build import build
from ssd_operator.plan.graph import Artifact, Graph, Node, Platform, Surroundings

__all__ = ["Artifact", "Graph", "Node", "Platform", "Surroundings", "build"]
