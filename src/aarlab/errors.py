"""The few exceptions of aarlab, named for who must act. Each carries one clear line: what is wrong and what to do."""


class AarlabError(Exception):
    """Base of all errors that are answered with one line instead of a traceback."""

    exit_code = 1


class UserError(AarlabError):
    """Bad input: a setting, a file, an argument. Nothing was written; the CLI exits with 2."""

    exit_code = 2


class OperatorError(AarlabError):
    """The host or the installation cannot do what was asked: a missing program, a sandbox that does not hold."""

    exit_code = 3


class ResearcherError(AarlabError):
    """A researcher's request was refused. The text is sent to the researcher, so it never names anything held out."""

    def __init__(self, message: str, *, code: str = "refused") -> None:
        super().__init__(message)
        self.code = code
