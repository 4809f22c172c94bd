"""Runs trials on this machine: one thread a worker, which supervises that worker's process.

What is submitted at once is a unit: one worker runs it, several trials as one. It decides nothing
about the study: what happens is posted to the study's inbox. Who looks after the workers is
supervisor.py.
"""

from __future__ import annotations

import queue
from collections.abc import Sequence

from engine.executors.crew import Crew
from engine.executors.devices import Slot
from engine.executors.guard import own_command
from engine.executors.job import Inbox, Job, Task
from engine.executors.launch import Worker
from engine.executors.messages import TrialReturned
from engine.executors.supervisor import Supervisor
from engine.trial import Trial


class LocalExecutor:
    """A pool of supervised worker processes."""

    def __init__(self, task: Task, slots: Sequence[Slot], inbox: Inbox) -> None:
        """Start a worker for each slot; they load `task` while the first trials are chosen."""
        self._task = task
        self._inbox = inbox
        self._crew = Crew(len(slots), inbox)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._under_way: dict[int, Job] = {}
        self._supervisors = [
            Supervisor(task, slot, self._launch, self._jobs, inbox, self._crew) for slot in slots
        ]
        for supervisor in self._supervisors:
            supervisor.start()

    def _launch(self, slot: Slot) -> Worker:
        return Worker(self._task, slot, own_command)

    @property
    def capacity(self) -> int:
        """How many units run at once."""
        return self._crew.size

    def processes(self) -> dict[int, int]:
        """The process of each worker, by the worker's number."""
        pids = {s.slot.worker: s.process_id for s in self._supervisors}
        return {worker: pid for worker, pid in pids.items() if pid is not None}

    def submit(
        self,
        trials: Sequence[Trial],
        *,
        most: int = 1,
        tried: bool = True,
        beside: int | None = None,
    ) -> None:
        """Run `trials` on one worker as soon as one is free: several as one, a stack.

        At most `most` are to train at a time, those included that join later; where that was not
        `tried`, the worker finds out how many are best. With `beside` they join the stack in which
        that trial runs, when its epoch ends; what comes too late, or has no room, is returned.
        """
        if beside is None:
            self._put(Job("run", tuple(trials), most, tried))
        else:
            self._join(tuple(trials), self._under_way.get(beside))

    def _join(self, trials: tuple[Trial, ...], job: Job | None) -> None:
        if job is not None and job.join(trials, self._task):
            self._under_way |= {trial.number: job for trial in trials}
            return
        for trial in trials:
            self._inbox.put(TrialReturned(trial.number))

    def test(self, trial: Trial) -> None:
        """Compute the test metrics of a finished trial whose weights are kept."""
        self._put(Job("test", (trial,)))

    def cancel(self, number: int) -> None:
        """Have a trial end with what it has; its worker is ended if it does not obey in time."""
        if job := self._under_way.get(number):
            job.stop([number])

    def close(self) -> None:
        """End the workers, by force if need be, and wait until they are gone."""
        for job in self._under_way.values():
            job.stop()
        for _ in self._supervisors:
            self._jobs.put(None)
        for supervisor in self._supervisors:
            supervisor.join()

    def _put(self, job: Job) -> None:
        self._under_way = {n: j for n, j in self._under_way.items() if not j.is_over}
        self._under_way |= {trial.number: job for trial in job.trials}
        self._jobs.put(job)
