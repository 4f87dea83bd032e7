"""What a command says when it fails."""


class Failure(Exception):
    """The command failed; `hint` says what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
