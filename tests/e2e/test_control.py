"""The control arm on the cluster: sampled plainly, trained on it, and not promoted."""

import yaml

from node.experiments import Experiment
from node.grade_pod import ROOT
from node.reader import Cluster


def test_the_control_arm_is_held(installed: Cluster, toy: Experiment) -> None:
    """Training on plain samples of oneself is no gain: the gate holds, and the alias stays where it was."""
    control = yaml.safe_load((ROOT / "examples" / "toy" / "control.yaml").read_text(encoding="utf-8"))
    small = yaml.safe_load((ROOT / "examples" / "toy" / "cluster.yaml").read_text(encoding="utf-8"))["spec"]
    control["spec"] |= {"pod": small["pod"]}
    installed.kubectl.apply(control, "--server-side")
    experiment = installed.experiment(control["metadata"]["name"])
    experiment.wait_phase("Succeeded", seconds=1800)
    promotion = experiment.status["promotion"]
    assert promotion["decision"] == "Held"
    assert promotion["reasons"]
    assert toy.status["promotion"]["decision"] == "Promoted"
