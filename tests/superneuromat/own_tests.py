"""SuperNeuroMAT's own tests, with its simulator replaced by a board.

``python tests/superneuromat/own_tests.py --target sim:`` downloads the source distribution of
SuperNeuroMAT 3.5.0 from the package index through pip, checks its hash, runs its test files under
unittest with ``SNN.simulate`` replaced, and prints the table of ``docs/superneuromat.md``.
``--all`` runs its other test files too, ``--write`` puts the table into the page.

Nothing of SuperNeuroMAT is kept: its licence is BSD-3-Clause, its tests stay where they came from.
"""

import argparse
import contextlib
import dataclasses
import io
import logging
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
from collections import Counter
from pathlib import Path
from typing import Any

VERSION = "3.5.0"
SHA256 = "5f291cc2b5653b968d36a7cc70bd7b7101b4b4a82df3f7098c1c09632da7b72f"
REQUIREMENT = f"superneuromat=={VERSION} --hash=sha256:{SHA256}\n"

FILES = ("test_leak", "test_refractory", "test_logic_gates", "test_spikes", "test_reset")
"""What must pass, on every target."""
OTHERS = (
    "test_stdp", "test_json", "test_synapse", "test_neuron", "test_deletion", "test_display",
    "test_dtype",
)  # fmt: skip
"""What else there is but tests of data frames and of its other simulators (jit, gpu, sparse)."""

LONG_STEPS = 10_000
EXPECTED = {
    "test_stdp.StdpTest.test_stdp_1": (
        "runs 100,000 steps with two lists of 20 lags, which the host would apply, until weights "
        "are -200,000 beside -0.73"
    ),
    "test_display.DisplayTest.test_display": (
        "a weight of 30 and a spike of 2.1 onto one neuron: no common unit in 8 bits, 2.1 becomes "
        "2.0; the report says so"
    ),
    **{
        f"test_dtype.DtypeTest.test_dtype_{name}": "looks at arrays that only SuperNeuroMAT's own "
        "simulator makes; types of all that `simulate` leaves behind are tested here instead"
        for name in ("64", "32", "32_sparse", "32_with_reset")
    },
}
"""Tests that cannot pass here, and why."""
TOO_LARGE = {
    "test_display.DisplayTest.test_print_spike_train": "100 neurons; it passes on larger arrays",
}
"""Tests that cannot pass on ``tiny``, which has 16 neurons."""

PAGE = Path(__file__).parents[2] / "docs" / "superneuromat.md"
BEGIN, END = "<!-- own tests -->\n", "<!-- end of own tests -->"


class NoIndexError(Exception):
    """The source distribution could not be had."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one test.

    Attributes
    ----------
    name : str
        File, class and test.
    passed : bool
    reason : str
        Why it did not pass, "" if it did.
    """

    name: str
    passed: bool
    reason: str


def download(folder: Path, timeout_s: float = 300.0) -> Path:
    """Fetch and unpack the source distribution; return the folder of its tests.

    Raises
    ------
    NoIndexError
        If pip cannot get it, with what pip says, or its hash is another.
    """
    wanted = folder / "requirement.txt"
    wanted.write_text(REQUIREMENT, encoding="utf-8")
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--no-binary", ":all:", "--require-hashes", "--retries", "1",
        "--dest", str(folder), "--requirement", str(wanted),
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise NoIndexError(f"pip download takes more than {timeout_s:g} s") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["pip says nothing"]
        raise NoIndexError(f"pip download fails: {lines[-1]}") from None
    with tarfile.open(folder / f"superneuromat-{VERSION}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / f"superneuromat-{VERSION}" / "tests"


class _Outcomes(unittest.TestResult):
    """Collects outcomes by test."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: list[Outcome] = []

    def _add(self, test: unittest.TestCase, passed: bool, reason: str = "") -> None:
        self.outcomes.append(Outcome(test.id(), passed, reason))

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self._add(test, True)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self._add(test, False, f"{err[0].__name__}: {err[1]}")

    addError = addFailure

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self._add(test, False, f"skipped: {reason}")


def run_tests(tests: Path, files: tuple[str, ...], board: Any) -> list[Outcome]:
    """Run test files of SuperNeuroMAT on a board.

    Parameters
    ----------
    tests : Path
        The folder of its tests.
    files : tuple of str
        Which files, without ``.py``.
    board : Board or str
        What networks run on.
    """
    import superneuromat
    from spikeloom.superneuromat import simulate_on

    result = _Outcomes()
    sys.path.insert(0, str(tests))
    try:
        quiet = contextlib.redirect_stdout(io.StringIO())  # their tests print a lot
        with simulate_on(board), _as_they_expect(superneuromat.SNN), quiet:
            for file in files:
                for suite in unittest.defaultTestLoader.loadTestsFromName(file):
                    suite.run(result)
    finally:
        sys.path.remove(str(tests))
        for name in (*files, "base"):
            sys.modules.pop(name, None)
    return [each for each in result.outcomes if not each.name.startswith("base.")]


@contextlib.contextmanager
def _as_they_expect(snn_class: Any) -> Any:
    """Skip runs that would take hours, and name the simulator that a test asked for."""
    on_board = snn_class.simulate

    def simulate(snn: Any, time_steps: Any = 1, *args: Any, **kwargs: Any) -> None:
        if isinstance(time_steps, int) and time_steps > LONG_STEPS:
            snn._last_used_backend = kwargs.get("use") or snn.backend
            raise unittest.SkipTest(f"{time_steps} steps")
        on_board(snn, time_steps, *args, **kwargs)
        snn._last_used_backend = kwargs.get("use") or snn.backend

    snn_class.simulate = simulate
    try:
        yield
    finally:
        snn_class.simulate = on_board


def table(outcomes: list[Outcome], target: str) -> str:
    """Return the table of the page: a line per file, then a line per test that cannot pass."""
    by_file: dict[str, Counter[bool]] = {}
    for each in outcomes:
        by_file.setdefault(each.name.partition(".")[0], Counter())[each.passed] += 1
    lines = [f"Target `{target}`:", "", "| file | tests | pass |", "|---|---|---|"]
    lines += [
        f"| `{file}.py` | {count.total()} | {count[True]} |" for file, count in by_file.items()
    ]
    odd = [each for each in outcomes if not each.passed]
    if odd:
        lines += ["", "| test that does not pass | why |", "|---|---|"]
        for each in odd:
            _, _, name = each.name.partition(".")
            lines.append(f"| `{name}` | {(EXPECTED | TOO_LARGE).get(each.name, each.reason)} |")
    return "\n".join(lines) + "\n"


def write_page(text: str) -> None:
    """Put the table into the page."""
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(f"{BEGIN}.*?{END}", re.S)
    PAGE.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", page), encoding="utf-8")


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="sim:", help="a board's URL (default: %(default)s)")
    parser.add_argument("--all", action="store_true", help="also files that need not pass")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    parser.add_argument("--verbose", action="store_true", help="tell about every test")
    arguments = parser.parse_args()
    logging.getLogger("spikeloom").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        try:
            tests = download(Path(folder))
        except NoIndexError as error:
            print(f"the tests of SuperNeuroMAT {VERSION} cannot be fetched: {error}")
            return 3
        files = FILES + OTHERS if arguments.all else FILES
        outcomes = run_tests(tests, files, arguments.target)
    if arguments.verbose:
        for each in outcomes:
            print(f"{'pass' if each.passed else 'FAIL'} {each.name} {each.reason}")
    text = table(outcomes, arguments.target)
    print(text)
    if arguments.write:
        write_page(text)
    unexpected = [
        each for each in outcomes if not each.passed and each.name not in EXPECTED | TOO_LARGE
    ]
    return 1 if unexpected or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
