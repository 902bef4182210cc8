"""The error of a policy that AWS refuses, or that this evaluator does not know."""


class PolicyError(ValueError):
    """Names the policy, the element, the value and the remedy."""

    def __init__(self, policy: str, element: str, problem: str, remedy: str = "") -> None:
        self.policy, self.element = policy, element
        super().__init__(f"{policy}: {element} {problem}" + (f"; {remedy}" if remedy else ""))
