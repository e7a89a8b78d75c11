from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
#: A peer that does not do the work of workload A; what is wrong with it is filled in.
PEER = """
def make(workload):
    def application(environ, start_response):
        body = {body!r}
        headers = [("Content-Type", {content_type!r}), ("Content-Length", str(len(body)))]
        start_response({status!r}, headers)
        return [body]
    return application
"""


def run(folder: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run the benchmarks once, as quickly as they can, with modules of a folder."""
    results = folder / "results.json"
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--json", str(results), *arguments]
    process = subprocess.run(
        [*command, "--rounds", "1", "--effort", "0.01"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    return process, results


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run every part with the peers that the tests' environment has."""
    process, results = run(
        tmp_path_factory.mktemp("measured"),
        *("--peers", "cocopot,flask,bare", "--workloads", "A,B,C,D,E,F,404,405", "--installed", ""),
    )
    assert process.returncode == 0, process.stderr
    data: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    return data


def rows(data: dict[str, Any], part: str, peer: str) -> list[str]:
    return [item["row"] for item in data["results"] if (item["part"], item["peer"]) == (part, peer)]


def test_every_part(measured: dict[str, Any]) -> None:
    """Every part is measured, once a round, for each peer that supports it."""
    workloads = ["A", "B", "C", "D", "E", "F", "404", "405"]
    assert rows(measured, "in process", "cocopot") == workloads
    assert rows(measured, "in process", "flask") == workloads
    assert rows(measured, "in process", "bare") == ["A", "B", "C"]
    assert rows(measured, "one implementation more", "cocopot") == ["one implementation more"]
    assert len(rows(measured, "one hook", "pluggy")) == 6
    served = ["A", "B", "C", "wait", "memory of a worker"]
    for server in ("granian", "gunicorn", "waitress"):
        assert rows(measured, "served", f"cocopot, {server}") == served
        assert rows(measured, "served", f"flask, {server}") == served
    assert len(rows(measured, "one hook", "cocopot, observed")) == 6
    growth = rows(measured, "growth", "cocopot")
    assert {"404, 500 blueprints with a hook", "registering 1,000 rules, int"} < set(growth)
    assert rows(measured, "stack", "cocopot") == rows(measured, "stack", "flask") == ["page"]
    assert rows(measured, "stack, served", "cocopot, granian") == ["page", "memory of a worker"]
    pages, protected = ["small", "list", "linked"], ["GET, CSRF", "form, CSRF", "POST, CSRF"]
    assert rows(measured, "pages", "cocopot") == rows(measured, "pages", "jinja") == pages
    assert rows(measured, "sessions", "cocopot, bare") == ["not used"]
    assert rows(measured, "sessions", "cocopot")[:3] == ["not used", "read", "read, list"]
    protected += ["GET, headers", "nonce, headers"]
    assert rows(measured, "protection", "flask, bare") == protected
    assert rows(measured, "protection, added", "cocopot") == protected
    cold = ["JSON", "JSON, warm", "JSON, g, three hooks", "JSON, g, three hooks, warm"]
    assert rows(measured, "cold", "cocopot") == rows(measured, "cold", "bare") == cold
    assert rows(measured, "import and memory", "flask") == rows(measured, "import and memory", "cocopot")
    assert {len(item["values"]) for item in measured["results"]} == {1}


def test_what_was_measured(measured: dict[str, Any]) -> None:
    """The results contain the versions, and the effort of a shortened run."""
    assert measured["about"]["versions"].keys() >= {"cocopot", "flask", "pluggy", "granian"}
    assert measured["effort"] == 0.01


def test_targets(measured: dict[str, Any]) -> None:
    """Targets are met, missed, or not measured, if a peer is missing."""
    verdicts = {(item["row"], item["target"]): item["verdict"] for item in measured["targets"]}
    assert verdicts["A", "flask ≤ 0.12"] in {"met", "missed"}
    assert verdicts["A", "falcon ≤ 0.80"] == "not measured"


def test_ways(tmp_path: Path) -> None:
    """Every way of writing a view is measured, in groups, and Flask sends the same for each."""
    process, results = run(tmp_path, *("--parts", "ways", "--peers", "cocopot,flask"))
    assert process.returncode == 0, process.stderr
    data = json.loads(results.read_text(encoding="utf-8"))
    parts = dict.fromkeys(item["part"] for item in data["results"])
    assert {"ways: spellings", "ways: requests", "ways: growth"} < parts.keys()
    for part in parts:
        assert rows(data, part, "cocopot") == rows(data, part, "flask") != []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"body": b"Hello, World?"}, "body b'Hello, World?' instead of b'Hello, World!'"),
        ({"content_type": "text/plain"}, "'content-type': 'text/plain'"),
        ({"status": "201 Created"}, "status 201 instead of 200"),
    ],
    ids=["body", "header", "status"],
)
def test_different_response(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    """A peer with a different response is an error that shows the response, and nothing is measured."""
    right = {"body": b"Hello, World!", "content_type": "text/html; charset=utf-8", "status": "200 OK"}
    (tmp_path / "peer").mkdir()
    (tmp_path / "peer" / "liar.py").write_text(PEER.format_map({**right, **wrong}))
    arguments = ("--parts", "in-process", "--workloads", "A", "--peers")
    process, results = run(tmp_path, *arguments, "cocopot,peer.liar")
    assert process.returncode == 1
    assert "DifferentResponseError: peer.liar, workload A, /hello: " in process.stderr
    assert message in process.stderr
    assert not results.exists()


def test_own_peer(tmp_path: Path) -> None:
    """A module of the user's own is measured like the other peers."""
    (tmp_path / "peer").mkdir()
    right = PEER.format(body=b"Hello, World!", content_type="text/html; charset=utf-8", status="200 OK")
    (tmp_path / "peer" / "own.py").write_text(right)
    process, results = run(
        tmp_path, *("--parts", "in-process", "--workloads", "A", "--peers", "cocopot,peer.own")
    )
    assert process.returncode == 0, process.stderr
    assert rows(json.loads(results.read_text(encoding="utf-8")), "in process", "peer.own") == ["A"]
