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

__all__ = ["artifact_root", "connect", "reaching", "run_url", "shown", "told"]

CREDENTIAL = re.compile(r"//[^/@\s]*@")
CREDENTIALS = ("UNAUTHENTICATED", "PERMISSION_DENIED")
NO_JSON = "the response body was not in a valid JSON format"
AWAY = ("TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")


class Foreign(Exception):
    """An answer that MLflow does not give."""


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
        database.ready(path)
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
    return f"{shown(uri).rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"


def shown(uri: str) -> str:
    """Return an address without the password that may be in it."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


@contextmanager
def reaching(uri: str) -> Iterator[None]:
    """Say what a failure of MLflow means, with its address and without its credentials."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as error:
        raise _of_file(error, uri) or _meaning(error, uri) from error
    except SQLAlchemyError as error:
        raise _of_file(error, uri) or _away(uri, error) from error
    except Foreign:
        raise _elsewhere(uri, "its answer names nothing") from None
    except RequestException as error:
        status = getattr(error.response, "status_code", None)
        raise _refused(uri, f"HTTP {status}") if status in (401, 403) else _away(uri, error) from error


def told(found: Any) -> Any:
    """Return what MLflow told of: whatever else speaks JSON is read as a thing without a name."""
    if not found.name:
        raise Foreign
    return found


def _of_file(error: Exception, uri: str) -> JobError | None:
    """Return our error when a database in a file is the trouble."""
    path = database.path_of(uri)
    return None if path is None else database.explained(path, error)


def _meaning(error: Any, uri: str) -> JobError:
    """Return our error for MLflow's."""
    code = str(error.error_code)
    if NO_JSON in str(error):
        return _elsewhere(uri, "its answer is no JSON")
    if code in CREDENTIALS:
        return _refused(uri, code)
    if code in AWAY or (code == "INTERNAL_ERROR" and "API request" in str(error)) or error.get_http_status_code() > 500:
        return _away(uri, error)
    return JobError(f"MLflow at {shown(uri)} refused a request ({code}): {_line(error)}")


def _refused(uri: str, why: str) -> JobError:
    return BadInput(
        f"MLflow at {shown(uri)} refuses the credentials ({why}); check MLFLOW_TRACKING_USERNAME and "
        f"MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, in the stage's environment"
    )


def _elsewhere(uri: str, why: str) -> JobError:
    return BadInput(f"tracking.uri: what answers at {shown(uri)} is not MLflow ({why}); correct host, port or path")


def _away(uri: str, error: Exception) -> JobError:
    return Temporary(f"MLflow at {shown(uri)} does not answer ({_line(error)}); start it, the same run goes on then")


def _line(error: Exception) -> str:
    """Return the start of an error's text as a part of a sentence; a request's address may hold a password."""
    return CREDENTIAL.sub("//", " ".join(str(error).split()))[:200]
