"""How a pool is divided: by whole groups, the same in every study, and never too small to say anything."""

from dataclasses import replace

import numpy as np
import pytest

from aarlab.errors import UserError
from aarlab.w2s.domains.pool import Pool
from aarlab.w2s.problem import W2SProblem, W2SSettings
from aarlab.w2s.splits import split
from tests.support.synthetic import synthetic_pool


@pytest.mark.parametrize("roles", [False, True])
@pytest.mark.parametrize("per_group", [1, 5])
def test_no_group_is_on_two_sides(roles: bool, per_group: int) -> None:
    pool = synthetic_pool(roles=roles, per_group=per_group)
    parts = split(pool)
    drawn = parts.draw(np.random.default_rng(0))
    for trio in (parts.research, drawn):
        sides = [set(pool.group[index].tolist()) for index in (trio.teacher, trio.train, trio.test)]
        assert sum(map(len, sides)) == len(set.union(*sides))
        assert min(map(len, sides)) > 30
    everywhere = [np.concatenate([t.teacher, t.train, t.test]) for t in (parts.research, drawn)] + [parts.final]
    groups = [set(pool.group[index].tolist()) for index in everywhere]
    assert not groups[0] & groups[1]
    assert not (groups[0] | groups[1]) & groups[2]


def test_shares_of_a_pool_are_about_what_they_should_be() -> None:
    pool = synthetic_pool(items=8000)
    parts = split(pool)
    sizes = [len(parts.research.teacher), len(parts.research.train), len(parts.research.test), len(parts.final)]
    assert np.array(sizes) / 8000 == pytest.approx([0.08, 0.16, 0.14, 0.14], abs=0.01)
    drawn = parts.draw(np.random.default_rng(1))
    assert [len(drawn.teacher), len(drawn.train), len(drawn.test)] == pytest.approx([808, 1617, 1415], abs=20)


def test_the_split_is_that_of_the_data_and_draws_differ() -> None:
    one, two = split(synthetic_pool()), split(synthetic_pool())
    assert np.array_equal(one.final, two.final)
    first, second = one.draw(np.random.default_rng(0)), one.draw(np.random.default_rng(1))
    assert not np.array_equal(first.test, second.test)


def shared_group(pool: Pool) -> Pool:
    group = pool.group.copy()
    group[:4] = 0
    return replace(pool, group=group)


@pytest.mark.parametrize(
    ("pool", "line"),
    [
        (synthetic_pool(items=60), "too small"),
        (synthetic_pool(items=60, roles=True), "too small"),
        (shared_group(synthetic_pool(roles=True)), "a group has items in two files"),
        (
            replace(synthetic_pool(kind="choices"), label=np.ones(4000, dtype=np.int64)),
            "have the same label",
        ),
    ],
)
def test_a_pool_that_cannot_be_graded_is_refused_in_one_line(pool: Pool, line: str) -> None:
    with pytest.raises(UserError, match=line) as caught:
        W2SProblem(pool, W2SSettings())
    assert "\n" not in str(caught.value)
