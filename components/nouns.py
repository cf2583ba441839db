"""What one example is called."""

from core import tasks


def noun(task: str) -> str:
    """The word for one example of a task, such as picture or text."""
    return str(tasks.task(task or "image").NOUN).removesuffix("s")
