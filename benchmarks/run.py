"""Run the benchmarks: print tables of medians, and write everything as JSON.

`python run.py --rounds 7 --parts in-process,hooks,served,startup --only A,B`
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

import hook_calls
import in_process
import results
import served
import startup

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each peer is measured")
    parser.add_argument("--parts", default="in-process,hooks,served,startup")
    parser.add_argument("--only", help="workloads of the part in-process, such as A,B")
    parser.add_argument("--json", type=Path, default=HERE / "latest.json", help="where the results go")
    options = parser.parse_args()
    parts = {
        "in-process": lambda: in_process.run(options.rounds, options.only),
        "hooks": lambda: hook_calls.run(options.rounds),
        "served": lambda: served.run(options.rounds),
        "startup": lambda: startup.run(options.rounds),
    }
    found = [parts[name]() for name in options.parts.split(",")]
    for part in found:
        print(f"\n{results.table(part)}")
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    measured = [result.as_data() for part in found for result in part]
    data = {"machine": machine, "rounds": options.rounds, "results": measured}
    options.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    print(f"\nWritten to {options.json}")


if __name__ == "__main__":
    main()
