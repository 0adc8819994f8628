"""Word problems of one to three steps: question texts and how to solve them."""

from dataclasses import dataclass

NAMES = (
    "Tom", "Ana", "Raj", "Mia", "Leo", "Zoe", "Sam", "Ivy", "Max", "Eva", "Ben", "Lily", "Omar", "Nina", "Jack", "Rosa",
)  # fmt: skip
ITEMS = (
    "apples", "books", "stickers", "marbles", "pencils", "coins", "cookies", "cards", "shells", "stamps", "candies",
    "toys",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One line of a worked solution."""

    text: str
    """What is computed."""
    operator: str
    """One of + - * /."""
    left: str
    """A quantity of the problem, or "#0", "#1" for the result of an earlier step, or a number."""
    right: str
    """As `left`."""


@dataclass(frozen=True)
class Template:
    """A question with its solution; the last step gives the answer."""

    question: str
    """Text with quantities (a, b, c, d and their combinations), two names and two kinds of items to fill in."""
    steps: tuple[Step, ...]


def quantities(a: int, b: int, c: int, d: int) -> dict[str, int]:
    """The four drawn numbers and the combinations that keep results whole and positive."""
    made = {"ab": a + b, "cd": c * d, "a2c": a + 2 * c, "bc_d": b * c + d, "abc": a + b + c, "ad": a * d, "bd": b * d}
    return {"a": a, "b": b, "c": c, "d": d, **made}


def _template(question: str, *steps: tuple[str, str, str, str]) -> Template:
    return Template(question, tuple(Step(*step) for step in steps))


TEMPLATES = (
    _template(
        "{n1} has {a} {it}. {n2} gives {n1} {b} more. How many {it} does {n1} have now?",
        ("In total {n1} has", "+", "a", "b"),
    ),
    _template(
        "{n1} had {ab} {it} and gave {b} of them to {n2}. How many {it} does {n1} have left?",
        ("{n1} has left", "-", "ab", "b"),
    ),
    _template(
        "There are {b} boxes with {c} {it} in each box. How many {it} are there?",
        ("The number of {it} is", "*", "b", "c"),
    ),
    _template(
        "{n1} shares {cd} {it} equally among {d} friends. How many {it} does each friend get?",
        ("Each friend gets", "/", "cd", "d"),
    ),
    _template(
        "{n1} buys {b} bags with {c} {it} in each bag and then loses {d} {it}. How many {it} remain?",
        ("The bags hold", "*", "b", "c"),
        ("After losing some there remain", "-", "#0", "d"),
    ),
    _template(
        "{n1} has {a} {it} and {n2} has {b} more {it} than {n1}. How many {it} do they have together?",
        ("{n2} has", "+", "a", "b"),
        ("Together they have", "+", "a", "#0"),
    ),
    _template(
        "{n1} has {a} {it}. {n2} has {c} times as many. How many {it} does {n2} have more than {n1}?",
        ("{n2} has", "*", "a", "c"),
        ("The difference is", "-", "#0", "a"),
    ),
    _template(
        "A ticket costs {c} dollars and a snack costs {d} dollars. {n1} buys {b} tickets and one snack. "
        "How much does {n1} pay?",
        ("The tickets cost", "*", "b", "c"),
        ("With the snack the price is", "+", "#0", "d"),
    ),
    _template(
        "{n1} reads {c} pages a day for {b} days and then {a} pages on the last day. How many pages does {n1} read?",
        ("In the first days {n1} reads", "*", "c", "b"),
        ("In total {n1} reads", "+", "#0", "a"),
    ),
    _template(
        "{n1} and {n2} collect {a} and {a2c} {it}. They share them equally. How many {it} does each one get?",
        ("Together they collect", "+", "a", "a2c"),
        ("Each one gets", "/", "#0", "2"),
    ),
    _template(
        "{n1} packs {bc_d} {it}: {d} are broken and the rest go into boxes of {c}. How many boxes are filled?",
        ("The {it} that are not broken are", "-", "bc_d", "d"),
        ("The number of boxes is", "/", "#0", "c"),
    ),
    _template(
        "{n1} sells {b} {it} at {c} dollars each and {d} {it2} at {a} dollars each. How much money does {n1} get?",
        ("The {it} bring", "*", "b", "c"),
        ("The {it2} bring", "*", "d", "a"),
        ("In total {n1} gets", "+", "#0", "#1"),
    ),
    _template(
        "A bus has {abc} people. At a stop {b} people get off and {d} people get on. Later {c} people get off. "
        "How many people are on the bus?",
        ("After the first people get off there are", "-", "abc", "b"),
        ("After people get on there are", "+", "#0", "d"),
        ("In the end there are", "-", "#1", "c"),
    ),
    _template(
        "{n1} saves {b} dollars a week for {c} weeks and buys {d} {it} for 2 dollars each. How many dollars are left?",
        ("{n1} saves", "*", "b", "c"),
        ("The {it} cost", "*", "d", "2"),
        ("There are left", "-", "#0", "#1"),
    ),
    _template(
        "A farmer picks {a} {it} on Monday, {b} on Tuesday and {c} on Wednesday. How many {it} is that in total?",
        ("On the first two days the farmer picks", "+", "a", "b"),
        ("On all three days that makes", "+", "#0", "c"),
    ),
    _template(
        "A shelf holds {bd} {it} in {d} equal rows. {n1} adds {c} {it} to one row. How many {it} are in that row?",
        ("Each row holds", "/", "bd", "d"),
        ("With the new ones the row holds", "+", "#0", "c"),
    ),
    _template(
        "{n1} works {d} hours a day and earns {b} dollars an hour. How many dollars does {n1} earn in {c} days?",
        ("In one day {n1} earns", "*", "d", "b"),
        ("In all days {n1} earns", "*", "#0", "c"),
    ),
    _template(
        "A school has {c} classes of {b} children. {a} children are away today. How many children are at school?",
        ("All classes together have", "*", "c", "b"),
        ("At school there are", "-", "#0", "a"),
    ),
    _template(
        "{n1} has {ad} {it} and puts {a} of them on each page. {n2} fills {b} pages. "
        "How many pages do they fill together?",
        ("{n1} fills", "/", "ad", "a"),
        ("Together they fill", "+", "#0", "b"),
    ),
    _template(
        "A train has {c} cars with {a} seats each. {b} seats are taken and {d} seats are broken. "
        "How many seats are free?",
        ("All seats together are", "*", "c", "a"),
        ("After the taken seats there remain", "-", "#0", "b"),
        ("After the broken seats there remain", "-", "#1", "d"),
    ),
    _template(
        "{n1} bakes {a} {it} in the morning and {b} in the evening and packs them in bags. {c} {it} do not fit. "
        "How many {it} are in bags?",
        ("{n1} bakes", "+", "a", "b"),
        ("In bags there are", "-", "#0", "c"),
    ),
    _template(
        "{n1} has {b} {it}. {n2} has {d} times as many, and their teacher has {a} more than {n2}. "
        "How many {it} does the teacher have?",
        ("{n2} has", "*", "b", "d"),
        ("The teacher has", "+", "#0", "a"),
    ),
    _template(
        "A tank holds {abc} liters. {n1} takes out {a} liters and {n2} takes out {c} liters. How many liters are left?",
        ("Together they take out", "+", "a", "c"),
        ("There are left", "-", "abc", "#0"),
    ),
    _template(
        "{n1} buys {d} packs of {c} {it} and {b} packs of {d} {it2}. How many things does {n1} buy?",
        ("The number of {it} is", "*", "d", "c"),
        ("The number of {it2} is", "*", "b", "d"),
        ("In total {n1} buys", "+", "#0", "#1"),
    ),
)
