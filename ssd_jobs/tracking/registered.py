"""Registered models and their versions, found or made; what is not there is one sentence."""

from typing import TYPE_CHECKING, Any

from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.tracking import server

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["aliases", "ensure", "version"]


def ensure(client: "MlflowClient", name: str) -> None:
    """Create the registered model when it is missing; another run may create it at the same moment."""
    from mlflow.exceptions import MlflowException

    try:
        server.verified(client.get_registered_model(name))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        try:
            client.create_registered_model(name)
        except MlflowException as raced:
            if raced.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def aliases(client: "MlflowClient", name: str) -> dict[str, str]:
    """Return alias -> version."""
    from mlflow.exceptions import MlflowException

    try:
        found = server.verified(client.get_registered_model(name))
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise BadInput(f"{name}: no such registered model; see the Models page of MLflow for its name") from error
        raise
    return {alias: str(version) for alias, version in found.aliases.items()}


def version(client: "MlflowClient", name: str, number: str) -> Any:
    """Return one version."""
    from mlflow.exceptions import MlflowException

    try:
        return server.verified(client.get_model_version(name, number))
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise BadInput(
                f"{name}: there is no version {brief(repr(number))}; see the Models page of MLflow"
            ) from error
        raise
