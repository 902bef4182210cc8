class BuildFailed(Exception):
    """Why a phase failed: the status code and the message of its context."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
