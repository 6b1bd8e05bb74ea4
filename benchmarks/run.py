"""All benchmarks, by one command: ``python benchmarks/run.py [NAME ...] [--slice]``.

Results are kept as benchmarks/results/NAME.json after every single measurement; what was interrupted goes on, as long as the
code is the same (``--again`` starts over). The short form judges what networks do, not how long it takes: it runs on machines that have
other work; a measurement that fails is a failure everywhere.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import cache
import classics
import full_scale
import loihi_floor
import loihi_microcircuit
import loihi_mnist
import loihi_speed
import rates
import silent
import speed
import startup
import two_threads_one_core
from harness import RESULT, Session, table

MODULES = (
    *(startup, speed, rates, silent, cache, two_threads_one_core, full_scale, classics),
    *(loihi_speed, loihi_floor, loihi_microcircuit, loihi_mnist),
)
BENCHMARKS = {module.NAME: module for module in MODULES}
SLICE = ("startup", "speed", "rates", "silent", "loihi_floor")


def main(words: Sequence[str]) -> int:
    """Run what was asked for; 1 if a target was missed or a measurement failed."""
    asked = arguments(words)
    names = asked.names or (SLICE if asked.slice else tuple(BENCHMARKS))
    options = dict(pair.split("=", 1) for pair in asked.set)
    missed, started = 0, time.perf_counter()
    for name in names:
        module = BENCHMARKS[name]
        print(f"\n== {name}: {module.TITLE}", flush=True)
        session = Session(name, asked.repeats, asked.slice, asked.again, options)
        rows = module.run(session)
        if asked.slice and module.TIMED:
            rows = [row if row.target == RESULT else replace(row, met=None) for row in rows]
        session.keep(rows)
        extra = [*(["--slice"] if asked.slice else []), *(f"--set {pair}" for pair in asked.set)]
        print(table(rows, " ".join(["python benchmarks/run.py", name, *extra])), flush=True)
        missed += sum(row.met is False for row in rows)
    print(f"\n{missed} target(s) missed, {time.perf_counter() - started:.0f} s", flush=True)
    return 1 if missed else 0


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*BENCHMARKS, []], help=", ".join(BENCHMARKS))
    parser.add_argument("--slice", action="store_true", help="short forms of the quick ones, about two minutes")
    parser.add_argument("--repeats", type=int, help="runs of each case (3; in the short form 2)")
    parser.add_argument("--again", action="store_true", help="measure anew what is already kept")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an option of a benchmark, see its file")
    parser.add_argument("--prototype", metavar="PATH", help="in 'speed': another script as the peer")
    asked = parser.parse_args(words)
    asked.repeats = asked.repeats or (2 if asked.slice else 3)
    if asked.prototype:
        asked.set.append(f"prototype={asked.prototype}")
    return asked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
