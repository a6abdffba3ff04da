from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import evalsuite
from evalsuite.analysis.costs import costs_of, prices_of
from evalsuite.errors import ConfigError, ExtraMissing
from evalsuite.records import Answer, Completion
from evalsuite.systems.build import parse_system
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.openai.batch import BatchModel
from evalsuite.systems.openai.model import OpenAIModel
from evalsuite.systems.openai.pricing import batch_price, price_of
from evalsuite.systems.price import Price, PriceTier, energy_of
from evalsuite.systems.resources import Resources
from tests.servers.processes import running_stub

HAS_TABLE = importlib.util.find_spec("genai_prices") is not None
needs_table = pytest.mark.skipif(not HAS_TABLE, reason="needs the extra `prices`")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")


def spec(**options: object) -> OpenAISpec:
    return OpenAISpec.model_validate({"model": "gpt-5-mini", **options})


def test_stated_prices_need_no_table() -> None:
    price = spec(
        usd_per_million_input_tokens=1,
        usd_per_million_cached_input_tokens=0.5,
        usd_per_million_output_tokens=2,
        prices="genai-prices",
    ).price
    assert price.source == "stated in the experiment"
    assert (price.usd_per_million_input_tokens, price.usd_per_million_output_tokens) == (1, 2)
    assert spec().price == Price()


def test_stated_energy_is_an_estimate_and_not_a_price() -> None:
    answered = Completion(answer=Answer(text="x"), output_tokens=50)
    for mode in ("live", "batch"):
        silent = spec(mode=mode).open(Resources())
        assert energy_of(answered, silent.price) == (None, None, None)
        stated = spec(mode=mode, joules_per_thousand_output_tokens=400).open(Resources())
        basis = "estimated: 400 J stated per 1,000 output tokens"
        assert energy_of(answered, stated.price) == (20.0, None, basis)
        assert not stated.price.by_token and stated.price.source == ""


def test_an_entry_needs_a_table() -> None:
    with pytest.raises(ConfigError, match="add `prices: genai-prices`"):
        parse_system("x", {"backend": "openai", "model": "m", "priced_as": "openai/gpt-5-mini"})
    with pytest.raises(ConfigError, match="priced_as"):
        parse_system(
            "x",
            {"backend": "openai", "model": "m", "prices": "genai-prices", "priced_as": "gpt-5"},
        )


@pytest.mark.skipif(HAS_TABLE, reason="the table is installed")
def test_a_table_that_is_not_there_is_asked_for_by_name() -> None:
    with pytest.raises(ExtraMissing, match=r"evalsuite\[prices\]"):
        _ = spec(prices="genai-prices").price


def test_a_batch_keeps_its_list_price() -> None:
    tier = PriceTier(
        above_input_tokens=10,
        usd_per_million_input_tokens=2.0,
        usd_per_million_output_tokens=4.0,
    )
    live = Price(
        usd_per_million_input_tokens=1.0,
        usd_per_million_output_tokens=2.0,
        source="stated",
        tiers=(tier,),
    )
    batch = batch_price(live, 0.5)
    assert batch.list_price == live
    assert batch.source == "stated, x 0.5 in a batch"
    assert batch.at(11).usd_per_million_output_tokens == 2.0
    assert batch_price(Price(), 0.5).list_price is None


def test_prices_are_no_part_of_what_an_answer_is_kept_under() -> None:
    plain = OpenAIModel(spec(), Resources())
    priced = OpenAIModel(
        spec(
            prices="genai-prices",
            priced_as="openai/gpt-5-mini",
            usd_per_million_input_tokens=1,
            usd_per_million_cached_input_tokens=1,
            usd_per_million_output_tokens=1,
            usd_per_million_reasoning_tokens=2,
        ),
        Resources(),
    )
    assert priced.identity == plain.identity
    assert priced.price.usd_per_million_reasoning_tokens == 2


@needs_table
def test_what_is_stated_wins_over_the_table() -> None:
    said: list[str] = []
    both = spec(prices="genai-prices", usd_per_million_output_tokens=7)
    price = price_of(both, said.append)
    assert price.usd_per_million_input_tokens == 0.25
    assert price.usd_per_million_output_tokens == 7
    assert price.source.endswith("openai/gpt-5-mini; stated in the experiment: output_tokens")
    assert said[0].startswith("prices are those of genai-prices ")


@needs_table
def test_an_unknown_model_is_unknown_and_says_what_to_set() -> None:
    resources = Resources()
    model = OpenAIModel(spec(model="gpt-99", prices="genai-prices"), resources)
    assert model.price == Price()
    (note,) = resources.notes
    assert "no price of 'gpt-99' at openai; the cost of 'gpt-99' is unknown" in note
    assert "`usd_per_million_input_tokens`" in note and "`priced_as: PROVIDER/MODEL`" in note


@needs_table
def test_a_deployment_is_priced_as_what_it_is() -> None:
    deployed = spec(
        model="my-deployment",
        base_url="https://me.openai.azure.com/openai/v1",
        prices="genai-prices",
        priced_as="openai/gpt-5-mini",
    )
    assert deployed.price == spec(prices="genai-prices").price
    assert deployed.price.by_token


@needs_table
@pytest.mark.parametrize(
    ("options", "output_rate", "basis"),
    [
        ({"prices": "genai-prices"}, 1.0, "tokens, batch"),
        ({"prices": "genai-prices", "batch": {"price_factor": 0.25}}, 0.5, "tokens, batch"),
        ({"prices": "genai-prices", "usd_per_million_output_tokens": 8}, 4.0, "tokens, batch"),
    ],
)
def test_batches_have_the_tables_rates_or_the_stated_factor(
    options: dict[str, object], output_rate: float, basis: str
) -> None:
    batched = spec(mode="batch", **options)
    model = batched.open(Resources())
    assert isinstance(model, BatchModel)
    assert model.price.usd_per_million_output_tokens == output_rate
    assert model.price.token_basis == basis
    assert model.price.list_price is not None


@needs_table
def test_a_service_tier_has_its_own_rates() -> None:
    flex = spec(prices="genai-prices", extra={"service_tier": "flex"}).price
    assert flex.usd_per_million_output_tokens == 1.0
    assert flex.list_price is not None and flex.list_price.usd_per_million_output_tokens == 2.0


@needs_table
def test_a_run_keeps_which_table_it_was(tmp_path: Path) -> None:
    """A stub that counts a token for 4 characters and 6 for an answer, priced as gpt-5-mini."""
    (tmp_path / "sums.csv").write_text("question,total\nWhat is 2 + 3?,5\nWhat is 40 + 3?,43\n")
    with running_stub() as server:
        run = evalsuite.run(
            {
                "name": "sums",
                "tasks": [
                    {
                        "name": "sums/small",
                        "data": str(tmp_path / "sums.csv"),
                        "prompt": "{{ question }}",
                        "target": "total",
                        "scorer": "number",
                    }
                ],
                "systems": {
                    "stub": {
                        "backend": "openai",
                        "model": "large",
                        "base_url": server.base_url,
                        "prices": "genai-prices",
                        "priced_as": "openai/gpt-5-mini",
                    }
                },
            },
            out=tmp_path / "run",
        )
    (entry,) = run.manifest.systems
    assert entry.price["source"].startswith("genai-prices ")
    assert entry.price["source"].endswith(": openai/gpt-5-mini")
    assert any(note.startswith("prices are those of genai-prices ") for note in run.manifest.notes)
    calls = run.calls
    by_hand = (calls.input_tokens.sum() * 0.25 + calls.output_tokens.sum() * 2) / 1e6
    costs = costs_of(calls, prices_of(run.manifest))
    assert costs.usd == pytest.approx(by_hand)
    assert costs.list_usd == costs.cache_cold_usd == costs.billed_usd == costs.usd
