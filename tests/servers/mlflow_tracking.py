"""MLflow's tracking server, as far as an export can tell: a program of its own, in memory.

It has the parts of REST API 2.0 that make and find experiments and runs, and takes artifacts. It
keeps to the server's rules: a parameter never changes, names are legal, batches are limited, and
of a metric the value of the latest time is shown. ``/state`` has all of it. It prints its port.
"""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

NAME = re.compile(r"[/\w.\- :]{1,250}")
EXPERIMENTS: dict[str, str] = {}
RUNS: dict[str, dict[str, Any]] = {}
ARTIFACTS: dict[str, int] = {}
ASKED: list[str] = []


class Refused(Exception):
    """What the server does not take."""


def legal(name: str) -> str:
    if not NAME.fullmatch(name) or name.startswith("/") or ".." in name.split("/"):
        raise Refused(f"illegal name {name!r}")
    return name


def experiment_by_name(query: dict[str, Any]) -> dict[str, Any]:
    name = query["experiment_name"]
    if name not in EXPERIMENTS:
        raise KeyError(name)
    return {"experiment": {"experiment_id": EXPERIMENTS[name], "name": name} | ACTIVE}


ACTIVE = {"lifecycle_stage": "active"}


def create_experiment(query: dict[str, Any]) -> dict[str, Any]:
    EXPERIMENTS[query["name"]] = str(len(EXPERIMENTS) + 1)
    return {"experiment_id": EXPERIMENTS[query["name"]]}


def create_run(query: dict[str, Any]) -> dict[str, Any]:
    run_id = uuid4().hex  # as the server does; clients remember addresses by it
    RUNS[run_id] = {
        "experiment_id": query["experiment_id"],
        "name": query["run_name"],
        "start_time": query["start_time"],
        "status": "RUNNING",
        "params": {},
        "metrics": {},
        "tags": {tag["key"]: tag["value"] for tag in query.get("tags", ())},
    }
    return {"run": shown(run_id)}


def shown(run_id: str) -> dict[str, Any]:
    run = RUNS[run_id]
    info = {
        **{"run_id": run_id, "run_uuid": run_id, "run_name": run["name"], **ACTIVE},
        **{"experiment_id": run["experiment_id"], "status": run["status"]},
        "artifact_uri": f"mlflow-artifacts:/{run['experiment_id']}/{run_id}/artifacts",
        **{"start_time": run["start_time"], "end_time": run.get("end_time", 0)},
    }
    latest = [
        {"key": k, **max(v, key=lambda one: one["timestamp"])} for k, v in run["metrics"].items()
    ]
    data = {
        "metrics": latest,
        "params": [{"key": k, "value": v} for k, v in run["params"].items()],
        "tags": [{"key": k, "value": v} for k, v in run["tags"].items()],
    }
    return {"info": info, "data": data}


def search(query: dict[str, Any]) -> dict[str, Any]:
    wanted = re.fullmatch(r"tags\.`([^`]+)` = '([^']+)'", query["filter"])
    assert wanted is not None
    found = [run_id for run_id, run in RUNS.items() if run["tags"].get(wanted[1]) == wanted[2]]
    return {"runs": [shown(run_id) for run_id in found]}


def log_batch(query: dict[str, Any]) -> dict[str, Any]:
    run = RUNS[query["run_id"]]
    params, tags, metrics = (query.get(name, ()) for name in ("params", "tags", "metrics"))
    if len(params) > 100 or len(tags) > 100 or len(metrics) > 1000:
        raise Refused("batch too large")
    for param in params:
        known = run["params"].setdefault(legal(param["key"]), param["value"])
        if known != param["value"]:
            raise Refused(f"{param['key']} is {known!r} already")
    for tag in tags:
        run["tags"][tag["key"]] = tag["value"]
    for metric in metrics:
        point = {name: metric[name] for name in ("value", "timestamp", "step")}
        run["metrics"].setdefault(legal(metric["key"]), []).append(point)
    return {}


def update_run(query: dict[str, Any]) -> dict[str, Any]:
    RUNS[query["run_id"]].update(status=query["status"], end_time=query["end_time"])
    return {"run_info": shown(query["run_id"])["info"]}


def get_run(query: dict[str, Any]) -> dict[str, Any]:
    return {"run": shown(query["run_id"])}


CALLS = {
    "experiments/get-by-name": experiment_by_name,
    "experiments/create": create_experiment,
    "runs/create": create_run,
    "runs/search": search,
    "runs/log-batch": log_batch,
    "runs/update": update_run,
    "runs/get": get_run,
}


class Tracking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/state":
            self._answer(
                200,
                {"experiments": EXPERIMENTS, "runs": RUNS, "artifacts": ARTIFACTS, "asked": ASKED},
            )
            return
        self._call(parts.path, {name: value[0] for name, value in parse_qs(parts.query).items()})

    def do_POST(self) -> None:
        self._call(self.path, json.loads(self._body()))

    def do_PUT(self) -> None:
        ARTIFACTS[unquote(self.path.partition("mlflow-artifacts/artifacts/")[2])] = len(
            self._body()
        )
        self._answer(200, {})

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _call(self, path: str, query: dict[str, Any]) -> None:
        name = path.rpartition("/mlflow/")[2]
        ASKED.append(name)
        try:
            if name not in CALLS:
                raise KeyError(name)
            self._answer(200, CALLS[name](query))
        except KeyError as error:
            self._answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": str(error)})
        except Refused as error:
            self._answer(400, {"error_code": "INVALID_PARAMETER_VALUE", "message": str(error)})

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tracking)
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
