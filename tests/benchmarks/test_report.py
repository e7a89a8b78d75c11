from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

REPORT = Path(__file__).parents[2] / "benchmarks" / "report.py"
BEGIN, END = "<!-- results: written by benchmarks/report.py -->", "<!-- end of results -->"
PAGE = f"# Page\n\nbefore\n\n{BEGIN}\nold\n{END}\n\nafter\n"
ABOUT = {
    "date": "2020-02-20",
    "commit": "abcdef0",
    "python": "CPython 3.11.0",
    "machine": "Linux, x86_64",
    "cores": 2,
    "versions": {"falcon": "4.0"},
    "compiled": {"cocopot": [], "falcon": ["falcon.cyutil.uri"]},
    "missing": [],
}


def report(folder: Path, cocopot: list[float], page: str = PAGE) -> subprocess.CompletedProcess[str]:
    """Report workload A, for which Falcon takes 10 µs and a framework called `<b>` 100."""
    values = {"cocopot": cocopot, "falcon": [10.0] * len(cocopot), "<b>": [100.0] * len(cocopot)}
    results = [
        {"part": "in process", "row": "A", "peer": peer, "unit": "µs", "values": found, "median": 0}
        for peer, found in values.items()
    ]
    data = {"about": ABOUT, "rounds": len(cocopot), "effort": 1.0, "results": results, "targets": []}
    return run(folder, data, page)


def run(folder: Path, data: object, page: str = PAGE) -> subprocess.CompletedProcess[str]:
    """Write data and a page into a folder, and report them."""
    (folder / "results.json").write_text(json.dumps(data), encoding="utf-8")
    (folder / "page.md").write_text(page, encoding="utf-8")
    command = [sys.executable, str(REPORT), "results.json", "--page", "page.md", "--charts", "."]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.parametrize(
    ("cocopot", "ratio", "verdict"),
    [
        ([8.0, 8.0, 7.0], "0.80 (0.70-0.80)", "met"),
        ([8.0, 8.1, 9.0], "0.81 (0.80-0.90)", "missed"),
        ([4.0, 5.0, 6.0, 7.0, 90.0], "0.60 (0.50-0.70)", "met"),
    ],
)
def test_ratio_and_target(tmp_path: Path, cocopot: list[float], ratio: str, verdict: str) -> None:
    """The page has the median of the ratios, the quartiles, and whether the target is met."""
    assert report(tmp_path, cocopot).returncode == 0
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    (row,) = (line for line in text.splitlines() if line.startswith("| A ") and "≤" in line)
    assert ratio in row
    assert f"falcon ≤ 0.80 {verdict}" in row


def test_only_the_results_are_replaced(tmp_path: Path) -> None:
    """Only the text between the marks is replaced; a second run changes nothing."""
    assert report(tmp_path, [8.0]).returncode == 0
    once = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert once.startswith(f"# Page\n\nbefore\n\n{BEGIN}")
    assert once.endswith(f"{END}\n\nafter\n")
    assert "old" not in once
    assert "abcdef0" in once
    assert report(tmp_path, [8.0], once).returncode == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == once


def test_a_page_without_marks(tmp_path: Path) -> None:
    """A page without the marks is not changed, and the error names the marks."""
    process = report(tmp_path, [8.0], "# Page\n")
    assert process.returncode == 1
    assert f"page.md must have a line {BEGIN}" in process.stderr
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == "# Page\n"


def test_chart(tmp_path: Path) -> None:
    """The chart is well-formed, and its bars are as long as the times."""
    assert report(tmp_path, [8.0, 8.0, 8.0]).returncode == 0
    bars = {
        bar.get("class"): float(bar.get("width", 0))
        for bar in ET.parse(tmp_path / "benchmarks.svg").iter("{http://www.w3.org/2000/svg}rect")
        if bar.get("class") in {"own", "bar"}
    }
    assert bars["own"] == pytest.approx(bars["bar"] * 8 / 100, abs=0.1)
    assert "&lt;b&gt;" in (tmp_path / "benchmarks.svg").read_text(encoding="utf-8")


def test_a_chart_for_plugins(tmp_path: Path) -> None:
    """A part for a plugin has a heading, a chart that its image names, and targets."""
    results = [
        {"part": "sessions", "row": "read", "peer": peer, "unit": "µs", "values": [value], "median": 0}
        for peer, value in {"cocopot": 20.0, "flask": 60.0, "cocopot, bare": 5.0}.items()
    ]
    data = {"about": ABOUT, "rounds": 1, "effort": 1.0, "results": results, "targets": []}
    assert run(tmp_path, data).returncode == 0
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    image = "![Times of a request, by row and framework](benchmarks-sessions.svg)"
    assert f"### A session in a signed cookie\n\n{image}" in text
    assert "flask ≤ 0.40 met" in text
    chart = (tmp_path / "benchmarks-sessions.svg").read_text(encoding="utf-8")
    assert "read: a number is read" in chart
    assert chart.count('class="own"') == 2
