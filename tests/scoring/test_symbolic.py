from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from evalsuite.records import Answer
from evalsuite.scoring import symbolic
from evalsuite.scoring.symbolic import close_workers, compare, final_answer, score_symbolic

# Checked by hand. Targets are answers of MATH-500 and such.
EQUAL = [
    # numbers
    (r"\frac{1}{2}", "0.5"),
    (r"\frac{1}{2}", r"\dfrac12"),
    (r"\frac 59", "5/9"),
    (r"1\frac{4}{5}", r"\frac{9}{5}"),
    (r"137 \frac{1}{2}", "137.5"),
    (r"\frac{3}{2}", "1 1/2"),
    (r"\frac{14}{3}", "4.6666667"),
    (".0000672", r"6.72 \times 10^{-5}"),
    (".35625", r"\frac{57}{160}"),
    (r"\$32,\!348", r"\$32,348"),
    (r"11,\! 111,\! 111,\! 100", "11111111100"),
    (r"10,\!080", "10 080"),
    (r"\$18.90", "18.9"),
    ("50", r"50\%"),
    ("0.5", r"50\%"),
    # roots, constants, complex numbers
    (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}"),
    (r"3\sqrt{13}", r"\sqrt{117}"),
    (r"11\sqrt2", r"11\sqrt{2}"),
    (r"8 \pi", "8π"),
    ("6 - 5i", "-5i+6"),
    # expressions and equations
    ("2k+2", "2(k+1)"),
    ("(a+5)(b+2)", "ab+2a+5b+10"),
    (r"\cot x", r"\frac{\cos x}{\sin x}"),
    ("x^5 - x^4 + x^3 - x^2 + x - 1", "(x-1)(x^4+x^2+1)"),
    ("x=5", "5"),
    ("5", "x = 5"),
    ("y = 2x + 3", "y - 2x = 3"),
    ("5x - 7y + 11z + 4 = 0", "10x-14y+22z+8=0"),
    # points, lists, sets
    (r"\left( 3, \frac{\pi}{2} \right)", r"(3, \pi/2)"),
    ("1,-2", r"\{-2, 1\}"),
    ("3, 5, 7", "7, 5, 3"),
    (r"1 \pm \sqrt{19}", r"1+\sqrt{19}, 1-\sqrt{19}"),
    (r"\{1\pm\sqrt{5},-2\}", r"-2, 1+\sqrt5, 1-\sqrt5"),
    # intervals
    (r"(2,\infty)", "x > 2"),
    ("(3,4]", r"3 < x \le 4"),
    (r"(-\infty, 2) \cup (3, \infty)", r"(3,\infty)\cup(-\infty,2)"),
    (r"x \in [-2,7]", "[-2,7]"),
    # matrices
    (
        r"\begin{pmatrix} -1/3 \\ 2/3 \end{pmatrix}",
        r"\begin{bmatrix} -\frac13 \\ \frac23 \end{bmatrix}",
    ),
    # units
    (r"864 \mbox{ inches}^2", "864"),
    (r"\$36", "36 dollars"),
    (r"5.4 \text{ cents}", "5.4"),
    (r"90^\circ", "90"),
    (r"\frac{270}7\text{ degrees}", r"\frac{270}{7}°"),
    # numerals with a base
    ("52_8", "52_{8}"),
    ("52_8", "52"),
    ("1251", "1251_{10}"),
    # text
    (r"\text{Evelyn}", "evelyn"),
    (r"\text{(C)}", r"\textbf{C}"),
    (r"\text{ellipse}", r"\text{an ellipse}"),
]
DIFFERENT = [
    ("9", "9.01"),
    (r"\frac{1}{2}", r"-\frac{1}{2}"),
    (r"\frac{14}{3}", "4.67"),
    (r"\pi", "3.14159"),
    ("5", "0.05"),
    ("10080", "10.080"),
    ("6 - 5i", "6+5i"),
    ("p - q", "q - p"),
    ("3R^2", "3r^2"),
    ("x=5", "y=5"),
    ("y = 2x + 3", "y = 2x - 3"),
    ("(-2,1)", "(1,-2)"),
    ("(-2,1)", "-2,1"),
    ("-2,1", "(-2,1)"),
    ("(1,-16,-4,43)", "1,-16,-4,43"),
    ("3, 5, 7", "3, 5"),
    ("2", "2, 3"),
    ("2", r"x=2 \text{ or } x=3"),
    (r"3 \pm 2 \sqrt{2}", r"3+2\sqrt{2}"),
    ("(3,4]", "[3,4]"),
    ("(3,4]", r"3 \le x \le 4"),
    (r"(2,\infty)", r"[2,\infty)"),
    (
        r"\begin{pmatrix} -1 & 0 \\ 0 & -1 \end{pmatrix}",
        r"\begin{pmatrix} -1 & 0 \\ 0 & 1 \end{pmatrix}",
    ),
    (r"90^\circ", r"\frac{\pi}{2}"),
    ("52_8", "42"),
    ("52_8", "52_9"),
    ("1251", "1251_8"),
    (r"\text{east}", "seat"),
    (r"\text{Evelyn}", r"\text{Angela}"),
]
# What the comparison is known to get wrong.
KNOWN_TO_BE_TAKEN_AS_EQUAL = [(r"15\mbox{ cm}^2", r"15\text{ cm}")]
KNOWN_TO_BE_TAKEN_AS_DIFFERENT = [(r"\begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}", "(1/5, -18/5)")]


@pytest.fixture(autouse=True, scope="module")
def workers() -> Iterator[None]:
    yield
    close_workers()


@pytest.mark.parametrize(("target", "said"), EQUAL + KNOWN_TO_BE_TAKEN_AS_EQUAL)
def test_equal(target: str, said: str) -> None:
    assert compare(target, said) == "equal"


@pytest.mark.parametrize(("target", "said"), DIFFERENT + KNOWN_TO_BE_TAKEN_AS_DIFFERENT)
def test_different(target: str, said: str) -> None:
    assert compare(target, said) == "different"


@pytest.mark.parametrize("said", ["2 8", "???", r"\frac{", '__import__("os").getcwd()'])
def test_unread(said: str) -> None:
    assert compare("28", said) == "unread"


@pytest.mark.parametrize(
    ("text", "answer", "rule"),
    [
        (r"first \boxed{1}, then \boxed{\frac{1}{2}}.", r"\frac{1}{2}", "boxed"),
        (r"\boxed{x} and $\boxed{y}$", "x, y", "boxed"),
        (r"\boxed 5", "5", "boxed"),
        (r"\boxed{\text{(C)}", r"\text{(C)}", "boxed"),
        (r"Put it in \boxed{}. The answer is 4.", "4", "answer is"),
        (r"The answer is $\$18$, not $19$.", r"\$18", "answer is"),
        ("The answer is 5 because $x = 5$.", "5 because $x = 5$", "answer is"),
        ("**Answer:** 3.5 cm. Done.", "3.5 cm", "answer is"),
        (r"so $x=1$ and \(y=2\)", "y=2", "last formula"),
        ("<think>\\boxed{1}</think>\n42.", "42", "all of it"),
    ],
)
def test_final_answer(text: str, answer: str, rule: str) -> None:
    found = final_answer(text)
    assert found is not None and (found.text, found.rule) == (answer, rule)


def test_scores() -> None:
    right = score_symbolic(Answer(text=r"so \boxed{\dfrac{1}{2}}"), r"\frac12")
    assert (right.value, right.status) == (1.0, "scored")
    assert score_symbolic(Answer(text="The answer is 0.4."), r"\frac12").value == 0.0
    for said in ("", "<think>1/2", r"\boxed{???}"):
        unread = score_symbolic(Answer(text=said), r"\frac12")
        assert (unread.value, unread.status) == (0.0, "format_error")


def test_one_value_in_two_forms_is_right_and_two_values_are_not() -> None:
    both = r"\boxed{15\frac{39}{40}} or \boxed{\frac{639}{40}}"
    assert score_symbolic(Answer(text=both), r"\frac{639}{40}").value == 1.0
    assert score_symbolic(Answer(text=r"\boxed{2} or \boxed{3}"), "2").value == 0.0


def test_what_computes_too_long_or_is_too_long_is_unreadable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(symbolic, "CPU_SECONDS", 1)
    close_workers()
    assert compare("2", "9^{9^{9^9}}") == "too hard"
    assert compare("2", "1" + "+1" * 1000) == "too long"
    assert compare(r"\frac{1}{3}", r"\frac{2}{6}") == "equal", "a new worker takes over"
    hard = score_symbolic(Answer(text=r"\boxed{9^{9^{9^9}}}"), "2")
    assert (hard.value, hard.status) == (0.0, "format_error")
    assert hard.explanation.startswith("too hard")
    close_workers()


def test_threads_compare_at_the_same_time() -> None:
    pairs = [(f"{n}", rf"\frac{{{2 * n}}}{{2}}") for n in range(1, 9)]
    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(lambda pair: compare(*pair), pairs)) == {"equal"}


def test_a_missing_package_is_named() -> None:
    program = (
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'math_verify' else find(name, *a)\n"
        "from evalsuite.errors import ExtraMissing\n"
        "from evalsuite.scoring.symbolic import compare\n"
        "try:\n"
        "    compare('x+1', '1+x')\n"
        "except ExtraMissing as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install 'evalsuite[math]'" in done.stdout
