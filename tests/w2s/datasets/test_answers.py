"""Final answers: what they are in a text, and when two are the same."""

import pytest

from aarlab.w2s.datasets.answers import final_answer, is_right, same_answer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1/2", r"\frac{1}{2}"),
        ("0.5", r"\dfrac12"),
        (r"-\frac{3}{4}", "-0.75"),
        ("1,234", "1234"),
        ("1{,}000{,}000", "1000000"),
        ("$12$", "12"),
        (r"\$ 18", "18.00"),
        ("x = 5", "5"),
        (r"3\sqrt{2}", r"3\sqrt2"),
        ("50%", "50"),
        ("12 cm", "12"),
        (r"12\text{ apples}", "12"),
        ("1 1/2", r"\tfrac{3}{2}"),
        ("(1,2)", r"\left(1, \frac{4}{2}\right)"),
        ("2^{10}", "1024"),
        (r"1.5 \times 10^{3}", "1500"),
        (r"\text{Yes}", "yes"),
        (r"90^\circ", "90"),
        ("033", "33"),
        (r"\(5\).", "5"),
        (r"10\pi", r"10 \pi"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert same_answer(one, other)
    assert same_answer(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("7", "-7"),
        ("12", "21"),
        ("1/3", "0.333"),
        ("(1,2)", "(2,1)"),
        ("(1,2)", "[1,2]"),
        ("(1,2)", "12"),
        ("3x", "3"),
        (r"3\sqrt{2}", r"3\sqrt{3}"),
        (r"\frac{3}{0}", "0"),
        ("10^{99}", "10^{98}"),
        ("", "0"),
        (r"2\pi", "2"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert not same_answer(one, other)
    assert not same_answer(other, one)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"First \boxed{3}, then \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        ("work <<1+1=2>>2\n#### 1,234\n", "1,234"),
        ("9 apples\nA: 15", "15"),
        ("So the answer is 12, I think.", "12"),
        ("**Final Answer:** 5", "5"),
        (r"Answer: $\frac{3}{4}$", r"$\frac{3}{4}$"),
        ("first 3, at last 4", "4"),
        (r"an open \boxed{3", "3"),
        ("nothing", None),
    ],
)
def test_what_a_text_ends_with(text: str, answer: str | None) -> None:
    assert final_answer(text) == answer


def test_no_answer_is_neither_right_nor_wrong() -> None:
    assert is_right("I give up.", "3") is None
    assert is_right("It is 3.", "3") is True
    assert is_right("It is 4.", "3") is False
