"""Reaching MLflow, and what its errors mean for a run.

MLflow's client tries a request again by itself (MLFLOW_HTTP_REQUEST_MAX_RETRIES and its back-off, from the pod's
environment). What is left after that is either the service, which is temporary, or the user's settings, which are not.
"""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ssd_jobs.errors import BadInput, JobError, Temporary
from ssd_jobs.tracking import database

if TYPE_CHECKING:
    from mlflow import MlflowClient

    Client = MlflowClient
    """For annotations outside of this package, where MLflow is not imported."""

__all__ = ["artifact_root", "connect", "page_of", "reaching", "run_url", "verified", "without_password"]

CREDENTIAL = re.compile(r"//[^/@\s]*@")
CREDENTIALS = ("UNAUTHENTICATED", "PERMISSION_DENIED")
NO_JSON = "the response body was not in a valid JSON format"
UNAVAILABLE = ("TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")


class NotMlflow(Exception):
    """Another service than MLflow answered."""


def connect(uri: str) -> "MlflowClient":
    """Return a client; nothing is sent yet, but a database in a file is there and whole.

    The address becomes the process's own as well, because MLflow's local registry resolves sources through it.
    """
    if not uri:
        raise BadInput("tracking.uri: is empty; name an MLflow server, or sqlite:///PATH/mlflow.db on one machine")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it logs a trace of what `reaching` explains
    path = database.path_of(uri)
    if path is not None:
        database.ensure(path)
    with reaching(uri):
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


def artifact_root(uri: str) -> str | None:
    """Return where artifacts go when no server decides."""
    path = database.path_of(uri)
    return None if path is None else database.artifacts(path)


def run_url(uri: str, experiment_id: str, run_id: str) -> str:
    """Return where a person finds the run; empty without a server."""
    if urlsplit(uri).scheme not in ("http", "https"):
        return ""
    return f"{without_password(uri).rstrip('/')}/{page_of(experiment_id, run_id)}"


def page_of(experiment_id: str, run_id: str, artifact: str = "") -> str:
    """Return the place of a run, or of an artifact of it, within MLflow's pages, among those for training models.

    Without the last part MLflow 3.17 shows a new visitor its pages for agents, whatever kind the experiment has.
    """
    below = f"/artifacts/{artifact}" if artifact else ""
    return f"#/experiments/{experiment_id}/runs/{run_id}{below}?workflowType=machine_learning"


def without_password(uri: str) -> str:
    """Return an address without the password that may be in it."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


@contextmanager
def reaching(uri: str) -> Iterator[None]:
    """Turn the exceptions of MLflow and its libraries into a JobError with the address, without its credentials."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as error:
        raise _database_error(error, uri) or _job_error(error, uri) from error
    except SQLAlchemyError as error:
        raise _database_error(error, uri) or _unavailable(uri, error) from error
    except NotMlflow:
        raise _wrong_address(uri, "its answer names nothing") from None
    except RequestException as error:
        status = getattr(error.response, "status_code", None)
        raise _refused(uri, f"HTTP {status}") if status in (401, 403) else _unavailable(uri, error) from error


def verified(entity: Any) -> Any:
    """Return an entity of MLflow, or raise NotMlflow where it has no name.

    MLflow's client reads any JSON object as an entity, and leaves the fields empty that the object does not have.
    """
    if not entity.name:
        raise NotMlflow
    return entity


def _database_error(error: Exception, uri: str) -> JobError | None:
    """Return the error of a database in a file; None for a server, and when the file is not the cause."""
    path = database.path_of(uri)
    return None if path is None else database.error_of(path, error)


def _job_error(error: Any, uri: str) -> JobError:
    """Return the JobError that stands for an exception of MLflow: wrong address, credentials, away, or refused."""
    code = str(error.error_code)
    if NO_JSON in str(error):
        return _wrong_address(uri, "its answer is no JSON")
    if code in CREDENTIALS:
        return _refused(uri, code)
    if (
        code in UNAVAILABLE
        or (code == "INTERNAL_ERROR" and "API request" in str(error))
        or error.get_http_status_code() > 500
    ):
        return _unavailable(uri, error)
    return JobError(f"MLflow at {without_password(uri)} refused a request ({code}): {_first_words(error)}")


def _refused(uri: str, why: str) -> JobError:
    return BadInput(
        f"MLflow at {without_password(uri)} refuses the credentials ({why}); check MLFLOW_TRACKING_USERNAME and "
        f"MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, in the stage's environment"
    )


def _wrong_address(uri: str, why: str) -> JobError:
    return BadInput(
        f"tracking.uri: what answers at {without_password(uri)} is not MLflow ({why}); correct host, port or path"
    )


def _unavailable(uri: str, error: Exception) -> JobError:
    return Temporary(
        f"MLflow at {without_password(uri)} does not answer"
        f" ({_first_words(error)}); start it, the same run goes on then"
    )


def _first_words(error: Exception) -> str:
    """Return the start of an error's text in one line, without the password that an address in it may hold."""
    return CREDENTIAL.sub("//", " ".join(str(error).split()))[:200]
