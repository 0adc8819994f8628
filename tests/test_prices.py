"""Prices of models: dated tables of the user, the library's table, cached tokens, and what nobody knows."""

import re
from datetime import date
from pathlib import Path

import pytest

from aarlab.errors import UserError
from aarlab.estimate import Assumptions, estimate, turn
from aarlab.prices import Counts, Prices, prices_in_force, prices_of, table_day
from aarlab.settings import ModelPrice, PriceSettings, StudyConfig
from aarlab.studyfile import config_from_sets, dump_study, load_study

CLAUDE = "anthropic/claude-sonnet-4-5"
OWN = ModelPrice(name=CLAUDE, input=10, output=20, cache_read=1, cache_write=15, as_of=date(2026, 11, 1))


def of(name: str, /, **price: object) -> Prices:
    return prices_of(name, PriceSettings.model_validate(price), words=name)


def test_cached_tokens_have_their_own_prices() -> None:
    usage = Counts(input_tokens=1_000_000, output_tokens=100_000, cache_read_tokens=600_000, cache_write_tokens=300_000)
    assert of(CLAUDE, model=(OWN,)).dollars(usage) == pytest.approx(1 + 0.6 + 4.5 + 2)
    assert of(CLAUDE, model=(OWN,)).source == "settings, as of 2026-11-01"
    short = of(CLAUDE, model_input=10, model_output=20)
    assert short.dollars(usage) == pytest.approx(1 + 6 + 3 * 1.25 + 2)  # unknown: never less than it is
    assert of("openai/x", model_input=10, model_output=20).dollars(usage) == pytest.approx(10 + 2)


def test_a_table_of_ones_own_goes_before_the_short_form_and_that_before_the_library() -> None:
    own = ModelPrice(name="openai-chat/mine", input=0, output=0)
    assert of("openai-chat/mine", model=(own,), model_input=1, model_output=1).rates.input == 0
    assert of(CLAUDE, model=(own,), model_input=1, model_output=1).rates.input == 1
    library = of(CLAUDE, model=(own,))
    assert library.source.startswith("genai-prices ")
    assert library.rates.cache_read < library.rates.input < library.rates.cache_write < library.rates.output
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", table_day())


def test_the_worst_case_covers_every_way_of_caching() -> None:
    for prices in (of(CLAUDE), of(CLAUDE, model=(OWN,))):
        usual = Counts(1000, 100, cache_read_tokens=500, cache_write_tokens=500)
        assert prices.worst(tokens_in=1000, tokens_out=100) >= prices.dollars(usual)


def test_what_nobody_knows_is_asked_for_in_one_line() -> None:
    with pytest.raises(UserError, match=r"no known price: set price\.model_input and price\.model_output, or a table"):
        of("openai-chat/mine")
    config = config_from_sets(["integrity.monitor='openai-chat/mine'", "price.model_input=1", "price.model_output=1"])
    with pytest.raises(UserError, match=r"integrity\.monitor = .* no known price: write a table \[\[price\.model\]\]"):
        prices_in_force(config)


def test_price_tables_are_written_and_read_and_their_errors_name_the_field(tmp_path: Path) -> None:
    text = 'price.model=[{name="openai/x", input=1, output=2, as_of=2026-11-01}, {name="openai/y", input=0, output=0}]'
    config = config_from_sets([text])
    assert config.price.of_model("openai/x") == ModelPrice(name="openai/x", input=1, output=2, as_of=date(2026, 11, 1))
    path = tmp_path / "study.toml"
    path.write_text(dump_study(config))
    assert load_study(path) == config
    assert StudyConfig.model_validate(config.model_dump(mode="json")) == config
    for wrong, says in (
        ('[{name="openai/x", input=1}]', "price.model.output is missing; it must be a number"),
        ('[{name="openai/x", input=1, imput=1, output=1}]', 'unknown field price.model.imput (did you mean "input"?)'),
        ('[{name="openai/x", input=1, output=1}, {name="openai/x", input=1, output=1}]', "two tables price.model are"),
        ("3", "price.model must be a list of tables, not 3"),
    ):
        with pytest.raises(UserError) as error:
            config_from_sets([f"price.model={wrong}"])
        assert says in str(error.value)


def test_the_estimate_follows_its_assumptions() -> None:
    sets = [
        "minds.kind=llm",
        "minds.model='openai-chat/x'",
        "minds.turns=1",
        'price.model=[{name="openai-chat/x", input=100, output=1000}]',
        "price.cpu_hour=0",
        "study.researchers=4",
        "budget.minutes=120",
        "budget.dollars=1000",
    ]
    assumed = Assumptions.of(["opening_tokens=10000", "output_tokens=1000", "turns_per_hour=10"])
    config = config_from_sets(sets)
    found = estimate(config, assumed)
    assert found.model_hour == pytest.approx(10 * (1.0 + 1.0))
    assert (found.hours, found.total, found.ends_after) == (8, pytest.approx(160), None)
    tight = estimate(config_from_sets([*sets, "budget.dollars=40"]), assumed)
    assert tight.ends_after == pytest.approx(0.5)
    assert "so it ends the study after about 0.50 hours" in "\n".join(tight.lines())
    cached = Prices("openai-chat/x", ModelPrice(name="openai-chat/x", input=100, output=1000, cache_read=1))
    longer = config.minds.model_copy(update={"turns": 20})
    assert turn(longer, cached, assumed) < turn(longer, prices_in_force(config)["openai-chat/x"], assumed)
    poor = estimate(config_from_sets(["price.cpu_hour=36", "budget.dollars=5"]), assumed)
    assert "warning: budget.dollars = 5.00 does not pay for one verification (at worst $5.4900)" in poor.lines()
    with pytest.raises(UserError, match=r"--assume: assume\.cached must be a number from 0 to 1, not 2"):
        Assumptions.of(["cached=2"])
    assert estimate(StudyConfig(), Assumptions()).assumptions is None
