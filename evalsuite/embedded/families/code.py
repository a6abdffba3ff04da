"""Small Python functions to complete from a header and a docstring.

Prompt: the header and docstring of one function. Answer: its body. Three kinds:
pipelines over a list, pipelines over a text, and case distinctions over two
numbers. A pipeline is told forwards ("square each number, then ...") or inside out
("the sum of the squares of ..."), the latter against the order of the body. The
level is the number of operations before the last. What is held out is the program
(operations in order, constants stripped), so no test program was trained on in any
wording; names of functions are held out too.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from evalsuite.embedded.families import code_parts as parts
from evalsuite.embedded.items import Item, Split, split_of

__all__ = ["draw"]

# A function whose probes agree this much could be passed by a near miss.
_LEAST_DISTINCT = 3


@dataclass(frozen=True, slots=True)
class _Sketch:
    """A function without a name."""

    kind: str
    program: str
    wording: str
    arguments: tuple[str, ...]
    docstring: str
    body: str
    used: list[dict[str, str]]


def draw(rng: random.Random, split: Split) -> Item:
    """Draw one function of the split."""
    while True:
        level = rng.randint(1, 4)
        kind = rng.choice(("list", "list", "text", "cases"))
        if kind == "cases" and level == 1:
            continue
        sketch = _cases(rng, level) if kind == "cases" else _pipeline(rng, kind, level)
        if split_of(f"code:{sketch.program}") != split:
            continue
        item = _item(rng, split, level, sketch)
        if len({repr(case["expected"]) for case in item.target["cases"]}) >= _LEAST_DISTINCT:
            return item


def _item(rng: random.Random, split: Split, level: int, sketch: _Sketch) -> Item:
    name = _function_name(rng, split)
    prompt = f'def {name}({", ".join(sketch.arguments)}):\n    """{sketch.docstring}"""'
    scope: dict[str, Any] = {}
    exec(f"{prompt}\n{sketch.body}", scope)  # our own text, composed above
    function = scope[name]
    cases = [
        {"args": arguments, "expected": function(*arguments)}
        for arguments in parts.probes(rng, sketch.kind, sketch.used)
    ]
    return Item(
        family="code",
        level=level,
        template=f"code:{sketch.program}:{sketch.wording}",
        prompt=prompt,
        answer=sketch.body,
        target={"entry_point": name, "cases": cases},
        metadata={"kind": sketch.kind, "program": sketch.program, "function": name},
    )


def _function_name(rng: random.Random, split: Split) -> str:
    while True:
        name = f"{rng.choice(parts.VERBS)}_{rng.choice(parts.NOUNS)}"
        if split_of(f"function:{name}") == split:
            return name


def _pipeline(rng: random.Random, kind: str, level: int) -> _Sketch:
    steps, finals = parts.LIST_STEPS, parts.LIST_FINALS
    if kind == "text":
        steps, finals = parts.TEXT_STEPS, parts.TEXT_FINALS
    names, final = rng.sample(list(steps), level), rng.choice(list(finals))
    variable, inside_out = rng.choice(parts.ARGUMENTS[kind]), rng.random() < 0.5
    used = [{**parts.constants(rng), "v": variable} for _ in names]
    chosen = list(zip((steps[name] for name in names), used, strict=True))
    lines = [f"    {variable} = {step.code.format(**own)}" for step, own in chosen]
    lines.append(f"    return {finals[final].code.format(v=variable)}")
    if inside_out:
        told = [step.inside.format(**own) for step, own in reversed(chosen)]
        docstring = f"Return {' '.join([finals[final].inside, *told, variable])}."
    else:
        told = [step.forward.format(**own) for step, own in chosen]
        docstring = f"Take {variable}: {', then '.join(told)}; return {finals[final].forward}."
    return _Sketch(
        kind=kind,
        program=f"{kind}:{'>'.join([*names, final])}",
        wording="inside-out" if inside_out else "forward",
        arguments=(variable,),
        docstring=docstring,
        body="\n".join(lines),
        used=used,
    )


def _cases(rng: random.Random, level: int) -> _Sketch:
    pair = rng.choice(parts.PAIRS)
    tests = rng.sample(list(parts.TESTS), level - 1)
    values = rng.sample(list(parts.VALUES), level)
    told, lines, used = [], [], []
    for test, value in zip(tests, values[:-1], strict=True):
        asked, given = ({**parts.constants(rng), "a": pair[0], "b": pair[1]} for _ in range(2))
        used.append(asked)
        said, code = parts.TESTS[test]
        result_said, result_code = parts.VALUES[value]
        told.append(f"if {said.format(**asked)}, return {result_said.format(**given)}")
        lines += [
            f"    if {code.format(**asked)}:",
            f"        return {result_code.format(**given)}",
        ]
    rest = {**parts.constants(rng), "a": pair[0], "b": pair[1]}
    said, code = parts.VALUES[values[-1]]
    told.append(f"otherwise return {said.format(**rest)}")
    lines.append(f"    return {code.format(**rest)}")
    docstring = "; ".join(told) + "."
    return _Sketch(
        kind="cases",
        program=f"cases:{'>'.join(tests)}:{'>'.join(values)}",
        wording="cases",
        arguments=pair,
        docstring=docstring[0].upper() + docstring[1:],
        body="\n".join(lines),
        used=used,
    )
