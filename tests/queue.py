"""Does what waits in the queue, in order, as a worker would."""

from __future__ import annotations

from importlib import import_module

from django_q.models import OrmQ


def run_queue() -> list[object]:
    """Run every waiting task once and give back what each returned."""
    results = []
    while waiting := OrmQ.objects.order_by("pk").first():
        task = waiting.task
        waiting.delete()
        module, _, name = task["func"].rpartition(".")
        results.append(getattr(import_module(module), name)(*task["args"], **task["kwargs"]))
    return results
