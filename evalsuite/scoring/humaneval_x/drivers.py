"""From a benchmark's test program to one that calls and records, and expects nothing.

HumanEval-X tests are programs with assertions in them. Beside a candidate they could be read,
disarmed or left by ``exit(0)``. So only their calls of the function under test are put beside it;
what these return is written down, and compared elsewhere. The driver holds no expected value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from evalsuite.scoring.humaneval_x.brackets import Span, calls, closing, masked

_RECORDERS = Path(__file__).with_name("recorders")
_RUST_CRATES = re.compile(r"^use (?:regex::Regex|md5);\n", re.MULTILINE)
# The asserts of these problems do not hold the call but its result, by way of this variable.
WATCHED = {32: "coeffs"}
"""Number of a problem -> the variable that is recorded where an assertion without a call stood."""


class NotLifted(ValueError):
    """A test from which no calls could be taken."""


def with_driver(
    program: str, test: str, *, language: str, function: str, mark: str, watched: str | None = None
) -> dict[str, str]:
    """Files of a program that makes the calls of ``test`` and writes down what they return.

    Args:
        program: The program under test.
        test: The benchmark's test program.
        language: javascript, java, go, rust or cpp.
        function: The function under test.
        mark: What each recorded line begins with.
        watched: Variable to record where an assertion without a call stood.

    Raises:
        NotLifted: If the test does not call the function.
    """
    lifted = _LIFT[language](test, function, watched)
    if lifted.n_calls == 0:
        raise NotLifted(f"the test does not call {function}")
    return _FILES[language](program, lifted.text, function, mark)


def with_own_test(program: str, test: str, *, language: str) -> dict[str, str]:
    """Files of a program beside the benchmark's test as it stands: for its own solution."""
    if language == "javascript":
        return {"main.js": f"{program}\n{test}"}
    if language == "java":
        main = test.replace("public class Main", "class EvalsuiteMain")
        return {"Solution.java": program, "EvalsuiteMain.java": _java_imports(program) + main}
    if language == "cpp":
        return {"main.cpp": f"{program}\n{test}"}
    if language == "rust":
        return {"main.rs": _rust(program, _rust_module(test))}
    driver = _go_driver(test.replace("assert := assert.New(t)", "assert := evalsuiteAssert{}"))
    return {"solution.go": program, "recorder.go": _recorder("recorder.go"), "main.go": driver}


# --- lifting ------------------------------------------------------------------------------------


class _Lifted:
    """A test text that is rewritten from its end to its beginning, so that spans stay valid."""

    def __init__(self, text: str, language: str, head: str) -> None:
        self.text, self.n_calls = text, 0
        self._mask = masked(text, language)
        self._calls = calls(self._mask, head)

    def spans(self, head: str) -> list[Span]:
        return calls(self._mask, head)

    def calls_in(self, span: Span) -> list[str]:
        inside = [c for c in self._calls if span.start <= c.start and c.end <= span.end]
        return [call.of(self.text) for call in inside]

    def rewrite(
        self, spans: list[Span], one: Callable[[Span, list[str]], str], each: Callable[[str], str]
    ) -> None:
        """Replace each of ``spans`` by ``one(span, its calls)``, other calls by ``each(call)``."""
        changes = [(span, one(span, self.calls_in(span))) for span in spans]
        covered = [(span.start, span.end) for span in spans]
        for call in self._calls:
            if not any(start <= call.start and call.end <= end for start, end in covered):
                changes.append((call, each(call.of(self.text))))
        self.n_calls = len(self._calls)
        for span, new in sorted(changes, key=lambda change: change[0].start, reverse=True):
            self.text = self.text[: span.start] + new + self.text[span.end :]


def _lift_cpp(test: str, function: str, watched: str | None) -> _Lifted:
    lifted = _Lifted(test, "cpp", rf"\b{function}")

    def one(span: Span, found: list[str]) -> str:
        found = found or ([watched] if watched else [])
        return "{" + "".join(f"evalsuite::record({call});" for call in found) + "}"

    lifted.rewrite(lifted.spans(r"\bassert"), one, lambda call: f"evalsuite::record({call})")
    return lifted


def _lift_javascript(test: str, function: str, watched: str | None) -> _Lifted:
    lifted = _Lifted(test, "javascript", rf"(?<![\w.]){function}")

    def one(span: Span, found: list[str]) -> str:
        found = found or ([f"record({watched})"] if watched else [])
        return f"void [{', '.join(found)}];"

    lifted.rewrite(lifted.spans(r"\bconsole\.assert"), one, lambda call: call)
    return lifted


def _lift_rust(test: str, function: str, watched: str | None) -> _Lifted:
    lifted = _Lifted(_rust_module(test), "rust", rf"\b(?<!fn ){function}")

    def one(span: Span, found: list[str]) -> str:
        found = found or ([watched] if watched else [])
        return "{" + "".join(f"evalsuite_record!({call});" for call in found) + "}"

    lifted.rewrite(
        lifted.spans(r"\b(?:debug_)?assert(?:_eq|_ne)?!"),
        one,
        lambda call: f"evalsuite_record!({call})",
    )
    return lifted


def _lift_go(test: str, function: str, watched: str | None) -> _Lifted:
    text = re.sub(r"\n\s*assert := assert\.New\(t\)", "", test)
    text = text.replace("time.Now().UnixNano()", "42")
    # The generator that all share is seeded anew in each run.
    text = re.sub(r"\brand\.(?=(?:Int|Float|Perm)\w*\()", "evalsuiteRand.", text)
    lifted = _Lifted(text, "go", rf"\b{function}")

    local = set(re.findall(r"\b(\w+)\s*:=", masked(text, "go")))

    def one(span: Span, found: list[str]) -> str:
        # Go refuses variables that are not used, and here the assertion may have been their use.
        used = local & set(re.findall(r"\b\w+\b", span.of(text)))
        found = found or ([watched] if watched else [])
        kept = [f"_ = {name}" for name in sorted(used)]
        return "; ".join([*(f"evalsuiteRecord({call})" for call in found), *kept])

    lifted.rewrite(lifted.spans(r"\bassert\.\w+"), one, lambda call: f"evalsuiteRecord({call})")
    return lifted


def _lift_java(test: str, function: str, watched: str | None) -> _Lifted:
    text = test.replace("public class Main", "class EvalsuiteMain")
    lifted = _Lifted(text, "java", rf"\bs\s*\.\s*{function}")
    mask = masked(text, "java")

    def one(span: Span, found: list[str]) -> str:
        recorded = "".join(f"EvalsuiteRecorder.value({call});" for call in found)
        if text.startswith("List", span.start):
            return f"{recorded} List<Boolean> correct = List.of();"
        if watched and not found:
            recorded = f"EvalsuiteRecorder.value({watched});"
        return f"{recorded} if (false)"

    lists = r"\bList<Boolean>\s+\w+\s*=\s*(?:Arrays\.asList|List\.of)"
    spans = [Span(span.start, mask.index(";", span.end) + 1) for span in lifted.spans(lists)]
    spans += [span for span in lifted.spans(r"\bif") if _throws(mask, span)]
    lifted.rewrite(spans, one, lambda call: f"EvalsuiteRecorder.value({call})")
    return lifted


def _throws(mask: str, condition: Span) -> bool:
    """Whether an ``if`` guards an assertion error, and is not the one after the list."""
    opening = mask.find("{", condition.end)
    end = closing(mask, opening) if opening >= 0 else None
    guards = end is not None and "AssertionError" in mask[opening:end]
    return guards and ".contains(false)" not in condition.of(mask)


_LIFT = {
    "cpp": _lift_cpp,
    "go": _lift_go,
    "java": _lift_java,
    "javascript": _lift_javascript,
    "rust": _lift_rust,
}

# --- files --------------------------------------------------------------------------------------


def _recorder(name: str, mark: str = "") -> str:
    return (_RECORDERS / name).read_text(encoding="utf-8").replace("MARK", mark)


def _files_cpp(program: str, test: str, function: str, mark: str) -> dict[str, str]:
    # A program may bring a main function of its own.
    own = "#define main evalsuite_candidate_main\n"
    return {"main.cpp": f"{own}{program}\n{_recorder('recorder.hpp', mark)}\n{test}\n"}


def _files_javascript(program: str, test: str, function: str, mark: str) -> dict[str, str]:
    recorder = _recorder("recorder.js", mark).replace("FUNCTION", function)
    before, after = recorder.split("TEST\n")
    return {"main.js": f"{program}\n{before}{test}\n{after}"}


def _files_rust(program: str, test: str, function: str, mark: str) -> dict[str, str]:
    return {"main.rs": _rust(program, f"{_recorder('recorder.rs', mark)}\n{test}")}


def _files_java(program: str, test: str, function: str, mark: str) -> dict[str, str]:
    return {
        "Solution.java": re.sub(
            r"^public\s+(?=(?:final |abstract |sealed )?(?:class|interface|enum|record)\b)",
            "",
            program,
            flags=re.MULTILINE,
        ),
        "EvalsuiteMain.java": _java_imports(program) + test,
        "EvalsuiteRecorder.java": _recorder("Recorder.java", mark),
    }


def _files_go(program: str, test: str, function: str, mark: str) -> dict[str, str]:
    return {
        "solution.go": program,
        "recorder.go": _recorder("recorder.go", mark),
        "main.go": _go_driver(test),
    }


_FILES = {
    "cpp": _files_cpp,
    "go": _files_go,
    "java": _files_java,
    "javascript": _files_javascript,
    "rust": _files_rust,
}


def _java_imports(program: str) -> str:
    lines = [line for line in program.split("\n") if line.startswith("import ")]
    return "\n".join([*dict.fromkeys([*lines, "import java.util.*;"]), ""])


def _rust_module(test: str) -> str:
    """The test's module without the harness, and a main function that calls what it tests."""
    text = test.strip()
    if text.startswith("/*") and text.endswith("*/"):
        text = text.removeprefix("/*").removesuffix("*/")  # the test of problem 32
    text = re.sub(r"#\[cfg\(test\)\]\s*mod tests\b", "mod evalsuite_tests", text)
    names = re.findall(r"#\[test\]\s*fn (\w+)\(\)", text)
    text = re.sub(r"#\[test\]\s*fn ", "pub fn ", text)
    called = "".join(f"    evalsuite_tests::{name}();\n" for name in names)
    return f"{text}\n\nfn main() {{\n{called}}}\n"


def _rust(program: str, test: str) -> str:
    own = re.sub(r"\bfn main\s*\(", "fn evalsuite_candidate_main(", program)
    everything = _RUST_CRATES.sub("", f"{own}\n{test}")
    shim = _recorder("rand.rs") if "rand::" in everything else ""
    return f"{everything}\n{shim}"


_GO_PACKAGES = {
    "math": "math", "rand": "math/rand", "strconv": "strconv", "strings": "strings",
    "sort": "sort", "time": "time", "fmt": "fmt", "reflect": "reflect",
}  # fmt: skip


def _go_driver(test: str) -> str:
    """A main package of a test function: it is called, and what it uses is imported."""
    mask = masked(test, "go")
    used = [path for name, path in _GO_PACKAGES.items() if re.search(rf"\b{name}\.", mask)]
    imports = "".join(f'import "{path}"\n' for path in used)
    name = re.search(r"func (Test\w+)\(t \*testing\.T\)", test)
    if name is None:
        raise NotLifted("the test has no Test function")
    body = test.replace(name[0], f"func {name[1]}()")
    if "evalsuiteRand." in body:
        body = f"var evalsuiteRand = rand.New(rand.NewSource(42))\n\n{body}"
        imports = "".join(dict.fromkeys([*imports.splitlines(True), 'import "math/rand"\n']))
    return f"package main\n\n{imports}\n{body}\n\nfunc main() {{\n\t{name[1]}()\n}}\n"
