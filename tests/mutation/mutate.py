"""Apply each mutation to a copy of the gateware and require that the suite notices it.

    python tests/mutation/mutate.py [--only TEXT] [--table FILE]

Exit code 0: every mutation was killed. The table of the last run stands in ``tests/README.md``.
"""

import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mutations import ARRAY, BOOT, LEARNING, LINK, SAMPLING, Mutation

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rtl" / "spikeloom_rtl"
TIME_LIMIT_S = 1200
TEST_LIMIT_S = 500
"""A mutant may hang; building its board must fit in as well, on a busy machine too."""
ELABORATE = """
from spikeloom.contract import named_config
from spikeloom_rtl.emit import verilog_of
from spikeloom_rtl.top import SimTop
verilog_of(SimTop(named_config("tiny").replace(eligibility=True, boot_offset=4096)), "top")
"""
SUITES = {
    "array": [
        "tests/cosim/test_lockstep.py",
        "--networks",
        "12",
        "--optimise",
        "0",
    ],
    "sampling": [
        "tests/rtl/test_sampling_units.py",
        "tests/cosim/test_sample_lockstep.py",
        "--networks",
        "12",
        "--optimise",
        "0",
    ],
    "link": ["tests/rtl", "-k", "link"],
    "boot": [
        "tests/rtl/test_boot_flash.py",
        "tests/cosim/test_boot_images.py",
        "tests/cosim/test_boot_takeover.py",
        "-k",
        "not family",
        "--optimise",
        "0",
    ],
}
"""What has to fail, by the kind of mutation: arguments for pytest."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a mutation."""

    mutation: Mutation
    killed: bool
    by: str
    seconds: float


def mutated_package(mutation: Mutation, folder: Path) -> Path:
    """Copy the gateware into `folder` with the mutation applied."""
    copy = folder / "spikeloom_rtl"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / mutation.file
    text = path.read_text(encoding="utf-8")
    found = text.count(mutation.old)
    if found != 1:
        raise SystemExit(
            f"{mutation.name!r}: the text to replace must occur once in {mutation.file}, "
            f"not {found} times; bring the mutation up to date"
        )
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    return folder


def check_elaborates(mutation: Mutation, environment: dict[str, str]) -> None:
    """Refuse a mutation that is no gateware: to fail on that would be no merit of a test."""
    run = subprocess.run(
        [sys.executable, "-c", ELABORATE], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if run.returncode:
        raise SystemExit(f"{mutation.name!r} cannot be elaborated; mend it\n{run.stderr}")


def outcome_of(mutation: Mutation, suite: list[str], cache: Path) -> Outcome:
    """Run a suite on the mutated gateware; boards and benches are built in `cache`."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="spikeloom-mutant-") as folder:
        path = mutated_package(mutation, Path(folder))
        environment = os.environ | {
            "PYTHONPATH": str(path),  # before the installed package
            "XDG_CACHE_HOME": str(cache),
        }
        check_elaborates(mutation, environment)
        # One process: several that -x stops end with the exit code of an interruption.
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "--timeout",
                   str(TEST_LIMIT_S), "-p", "no:cacheprovider", *suite]  # fmt: skip
        try:
            run = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True,
                timeout=TIME_LIMIT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Outcome(mutation, True, "time limit", time.monotonic() - began)
    # Exit code 1 is a failed test. Any other but 0 is no verdict on the mutation.
    if run.returncode not in (0, 1):
        raise SystemExit(f"{mutation.name!r}: pytest did not run\n{run.stdout}\n{run.stderr}")
    failed = [
        line for line in run.stdout.splitlines() if line.startswith(("FAILED tests", "ERROR tests"))
    ]
    by = failed[0].split(" - ")[0].split("::")[-1] if failed else ""
    return Outcome(mutation, run.returncode == 1, by, time.monotonic() - began)


def table(outcomes: list[Outcome]) -> str:
    """Return a Markdown table of the outcomes."""
    lines = ["| file | mutation | outcome | noticed by |", "|---|---|---|---|"]
    lines += [
        f"| `{each.mutation.file}` | {each.mutation.name} | "
        f"{'killed' if each.killed else 'SURVIVED'} | {each.by} |"
        for each in outcomes
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run all mutations, or those whose name or file has a text in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="text in the name or file of the mutation")
    parser.add_argument("--table", type=Path, help="write the Markdown table here")
    args = parser.parse_args()
    chosen = [
        (kind, mutation)
        for kind, mutations in (
            ("array", ARRAY),
            ("array", LEARNING),
            ("sampling", SAMPLING),
            ("link", LINK),
            ("boot", BOOT),
        )
        for mutation in mutations
        if args.only in mutation.name or args.only in mutation.file
    ]
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="spikeloom-mutants-") as cache:
        for kind, mutation in chosen:
            suite = SUITES[kind] + (["-k", mutation.boards] if kind == "array" else [])
            outcome = outcome_of(mutation, suite, Path(cache))
            outcomes.append(outcome)
            verdict = "killed" if outcome.killed else "SURVIVED"
            print(f"{verdict:>8} {outcome.seconds:5.0f} s  {mutation.file}: {mutation.name}"
                  f"  [{outcome.by}]", flush=True)  # fmt: skip
            if args.table:
                args.table.write_text(table(outcomes), encoding="utf-8")
    survivors = [each for each in outcomes if not each.killed]
    print(f"{len(outcomes)} mutations, {len(survivors)} survived")
    return 1 if survivors or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
