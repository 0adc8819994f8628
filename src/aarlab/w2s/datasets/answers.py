"""Whether two final answers to a question of mathematics are the same: numbers, fractions, simple LaTeX.

Nothing is evaluated beyond numbers: what is no number is compared as text after its notation was made one. A percent
sign, units behind a number and a space and the sign of a currency are not looked at: "50%" is 50.
"""

import re
from fractions import Fraction

_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_SAID = re.compile(
    r"(?:^|\n)\s*(?:\*\*)?(?:final\s+)?(?:answer|a)\s*:(?:\*\*)?\s*([^\n]+)|answer\s+is\s*:?\s*([^\n]+)", re.IGNORECASE
)
_LATEX_NUMBER = r"-?\d+(?:,\d{3})*(?:\.\d+)?"
_NUMBERS = re.compile(rf"-?\\[dt]?frac\{{-?\d+\}}\{{\d+\}}|{_LATEX_NUMBER}(?:\s*/\s*\d+)?|-?\.\d+")
_FRACTION = re.compile(r"(-?)\\frac\{(-?[\d.]+)\}\{(-?[\d.]+)\}")
_MIXED = re.compile(r"(-?)(\d+)(?:\s+|(?=\\frac))(?:(\d+)/(\d+)|\\frac\{(\d+)\}\{(\d+)\})")
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
_POWER = re.compile(r"(-?\d{1,6})\^\{?(\d{1,2})\}?")
_SCIENCE = re.compile(r"([+-]?[\d.]+)(?:\\times|\\cdot|\*)10\^\{?(-?\d{1,2})\}?")
_DROPPED = re.compile(r"\\(?:left|right|displaystyle|[,;:!() ]|quad|qquad)|\\?[$]|\\?%|\^\{?\\circ\}?|\\degree|°|[£€]")
_WORDS = re.compile(r"\\(?:text|mathrm|mbox|textbf|mathbf)\s*\{([^{}]*)\}")
_UNIT = re.compile(r"(?<=[\d}])\s+[A-Za-z][A-Za-z²³./ ]+$")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")


def final_answer(text: str) -> str | None:
    """The last thing that a solution calls its answer: in a box, behind "####", "Answer:", "A:" or "answer is", or else
    its last number. None = there is nothing of the kind."""
    boxed = _last_boxed(text)
    if boxed is not None:
        return boxed
    if "####" in text:
        return text.rsplit("####", 1)[1].strip().partition("\n")[0].strip() or None
    said: list[str] = [first or second for first, second in _SAID.findall(text)]
    if said:
        inside: list[str] = _NUMBERS.findall(said[-1])
        return inside[0] if inside and not _is_value(said[-1]) else said[-1].strip()
    numbers: list[str] = _NUMBERS.findall(text)
    return numbers[-1] if numbers else None


def same_answer(first: str, second: str) -> bool:
    """Whether two final answers mean the same."""
    one, other = _parts(first), _parts(second)
    return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))


def is_right(solution: str, truth: str) -> bool | None:
    """Whether a solution ends with the true answer; None where it gives none."""
    found = final_answer(solution)
    return None if found is None else same_answer(found, truth)


def value(answer: str) -> Fraction | None:
    """An answer as an exact number; None where it is none."""
    text = _plain(answer)
    text = text.rpartition("=")[2] if text.count("=") == 1 else text
    bare = _UNIT.sub("", text).strip() if re.match(r"^[-+.\d\\]", text) else text
    for one in (text, bare):
        found = _number(one.rstrip("."))
        if found is not None:
            return found
    return None


def _last_boxed(text: str) -> str | None:
    """What is in the last complete box."""
    found = None
    for match in _BOXED.finditer(text):
        depth, start = 1, match.end()
        for place in range(start, len(text)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                found = text[start:place].strip()
                break
    return found or None


def _is_value(text: str) -> bool:
    return value(text) is not None or "\\" in text


def _parts(answer: str) -> list[str]:
    """The members of a tuple or list; otherwise the answer alone."""
    text = _THOUSANDS.sub("", _plain(answer))
    bare = text[1:-1] if len(text) > 1 and text[0] in "([{" and text[-1] in ")]}" else text
    members = [one.strip() for one in bare.split(",")]
    if len(members) < 2 or not all(members):
        return [answer]
    return [f"{text[0] if bare != text else ''}{text[-1] if bare != text else ''}", *members]


def _same(first: str, second: str) -> bool:
    one, other = value(first), value(second)
    if one is not None or other is not None:
        return one == other
    return _canonical(first) == _canonical(second)


def _plain(answer: str) -> str:
    text = answer.strip().replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac").replace("−", "-")
    text = _WORDS.sub(r" \1", text.replace("{,}", ",")).replace("\\{", "{").replace("\\}", "}")
    text = re.sub(r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}", _DROPPED.sub("", text))
    return " ".join(text.replace("**", "").split()).rstrip(".").strip()


def _canonical(answer: str) -> str:
    text = _plain(answer)
    text = text.rpartition("=")[2] if text.count("=") == 1 else text
    text = re.sub(r"\\sqrt\s*(\d)", r"\\sqrt{\1}", text).replace("\\cdot", "").replace("*", "")
    return re.sub(r"\s+", "", text).lower()


def _number(text: str) -> Fraction | None:
    text = _THOUSANDS.sub("", text.strip())
    mixed = _MIXED.fullmatch(text)
    if mixed:
        sign, whole, *rest = mixed.groups()
        above, below = (int(one) for one in rest if one is not None)
        return None if below == 0 else (-1 if sign else 1) * (int(whole) + Fraction(above, below))
    fraction = _FRACTION.fullmatch(text.replace(" ", ""))
    if fraction:
        return _ratio(f"{fraction[1]}1", fraction[2], fraction[3])
    above_, slash, below_ = text.replace(" ", "").partition("/")
    if slash:
        return _ratio("1", above_.strip("()"), below_.strip("()"))
    return _decimal(text.replace(" ", "")) if _PLAIN.fullmatch(text.replace(" ", "")) else _with_power(text)


def _with_power(text: str) -> Fraction | None:
    text = text.replace(" ", "")
    power, science = _POWER.fullmatch(text), _SCIENCE.fullmatch(text)
    if power:
        return Fraction(int(power[1])) ** int(power[2])
    factor = _decimal(science[1]) if science else None
    return None if factor is None or science is None else factor * Fraction(10) ** int(science[2])


def _ratio(sign: str, above: str, below: str) -> Fraction | None:
    one, other = _decimal(above), _decimal(below)
    return None if one is None or other is None or other == 0 else int(sign) * one / other


def _decimal(text: str) -> Fraction | None:
    return Fraction(text) if _PLAIN.fullmatch(text) and len(text) <= 60 else None
