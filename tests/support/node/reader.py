"""A reader of the quickstart page at a cluster: a shell with kubectl and helm, and the page's files beside it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from controlplane import binaries
from controlplane.kubectl import Kubectl
from node import quickstart
from node.experiments import Experiment

__all__ = ["NAMESPACE", "Cluster", "position"]

NAMESPACE = "ssd"


@dataclass
class Cluster:
    """A cluster that has the product's images, and a shell in which a reader of the page would type."""

    admin: Kubectl
    prefix: str
    tag: str
    folder: Path
    said: dict[str, str] = field(default_factory=dict)
    """What each command of the page printed."""

    @property
    def kubectl(self) -> Kubectl:
        """kubectl in the page's namespace."""
        return self.admin.within(NAMESPACE)

    @property
    def worker(self) -> str:
        """The worker's image."""
        return f"{self.prefix}ssd-worker:{self.tag}"

    @property
    def grader(self) -> str:
        """The grader's image."""
        return f"{self.prefix}ssd-grader:{self.tag}"

    def experiment(self, name: str) -> Experiment:
        """Return an experiment of the page's namespace."""
        return Experiment(self.kubectl, name)

    def environ(self) -> dict[str, str]:
        """Return the environment with this cluster's kubectl and the real helm."""
        path = f"{binaries.find('kubectl').parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**os.environ, "KUBECONFIG": str(self.admin.kubeconfig), "PATH": path}

    def shell(self, command: str) -> str:
        """Run a command as a reader would, and return what it printed."""
        sys.stderr.write(f"$ {command}\n")
        done = subprocess.run(
            ["bash", "-ec", command], cwd=self.folder, env=self.environ(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def follow(self, steps: Sequence[quickstart.Step]) -> None:
        """Do what the page says; only the names of images are this machine's own."""
        for step in steps:
            if step.file:
                (self.folder / step.file).write_text(self._own(step), encoding="utf-8")
            else:
                self.said[step.text] = self.shell(step.text)

    def _own(self, step: quickstart.Step) -> str:
        """Return a file of the page as this cluster needs it."""
        if step.file != "values.yaml":
            return step.text
        values = yaml.safe_load(step.text)
        values["image"] |= {"prefix": self.prefix, "tag": self.tag}
        values["mlflow"] |= {"image": self.worker}
        return yaml.safe_dump(values)


def position(page: Sequence[quickstart.Step], words: str) -> int:
    """Return the number of the first command with these words."""
    return next(number for number, step in enumerate(page) if not step.file and words in step.text)
