"""Runs trials on this machine: one thread a worker, which supervises that worker's process.

A supervisor keeps its process alive from trial to trial, replaces it when it is lost, and posts
what happens to the study's inbox. One whose process cannot start leaves its trial to the others;
the last one says that nothing can run. It decides nothing about the study. The other side of the
protocol is worker.py.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Sequence

from engine.executors.child import Child, ChildGoneError, Exited
from engine.executors.crew import Crew
from engine.executors.devices import Slot
from engine.executors.guard import own_command
from engine.executors.job import Inbox, Job, Task
from engine.executors.messages import TrialEnded, TrialTestEnded
from engine.executors.watch import Watch, interrupted
from engine.trial import Trial


class LocalExecutor:
    """A pool of supervised worker processes."""

    def __init__(self, task: Task, slots: Sequence[Slot], inbox: Inbox) -> None:
        """Start a worker for each slot; they load `task` while the first trials are chosen."""
        self._crew = Crew(len(slots), inbox)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._under_way: dict[int, Job] = {}
        self._supervisors = [
            _Supervisor(task, slot, self._jobs, inbox, self._crew) for slot in slots
        ]
        for supervisor in self._supervisors:
            supervisor.start()

    @property
    def capacity(self) -> int:
        """How many trials run at once."""
        return self._crew.size

    def submit(self, trials: Sequence[Trial]) -> None:
        """Run `trials` as soon as workers are free."""
        for trial in trials:
            self._put(Job("run", trial))

    def test(self, trial: Trial) -> None:
        """Compute the test metrics of a finished trial whose weights are kept."""
        self._put(Job("test", trial))

    def cancel(self, number: int) -> None:
        """Have a trial end with what it has; its worker is ended if it does not obey in time."""
        if job := self._under_way.get(number):
            job.stop()

    def close(self) -> None:
        """End the workers, by force if need be, and wait until they are gone."""
        for job in self._under_way.values():
            job.stop()
        for _ in self._supervisors:
            self._jobs.put(None)
        for supervisor in self._supervisors:
            supervisor.join()

    def _put(self, job: Job) -> None:
        self._under_way = {n: j for n, j in self._under_way.items() if not j.over}
        self._under_way[job.trial.number] = job
        self._jobs.put(job)


class _LeftOut(Exception):  # noqa: N818 - it is no error: the others go on
    """This worker cannot start, and the others do without it."""


class _Supervisor(threading.Thread):
    """The thread that looks after one worker process."""

    def __init__(
        self,
        task: Task,
        slot: Slot,
        jobs: queue.SimpleQueue[Job | None],
        inbox: Inbox,
        crew: Crew,
    ) -> None:
        super().__init__(name=f"worker-{slot.worker}", daemon=True)
        self._task = task
        self._slot = slot
        self._jobs = jobs
        self._inbox = inbox
        self._crew = crew
        self._child: Child | None = None
        self._ready = False
        self._launched = 0.0

    def run(self) -> None:
        self._launch()
        while (job := self._jobs.get()) is not None:
            try:
                message = self._run(job) if job.kind == "run" else self._test(job)
            except _LeftOut:
                self._jobs.put(job)
                break
            job.over = True
            if message is not None:
                self._inbox.put(message)
        if self._child is not None:
            self._child.close(grace=0.5)

    def _launch(self) -> None:
        """Start a worker process and have it load the task; it need not be ready yet."""
        device, environment = self._slot.device, _environment(self._slot)
        if device.startswith("cuda:"):
            environment["CUDA_VISIBLE_DEVICES"] = device.removeprefix("cuda:")
            device = "cuda:0"
        self._launched = time.monotonic()
        self._ready = False
        self._child = Child(own_command("--worker"), environment)
        with contextlib.suppress(ChildGoneError):
            self._child.send(
                "open",
                task=dict(self._task.content),
                base=str(self._task.base),
                device=device,
                threads=self._slot.threads,
            )

    def _replace(self) -> None:
        """End the worker, if it is not gone already, and start another."""
        if self._child is not None:
            self._child.kill()
        self._launch()

    def _wait_until_ready(self, job: Job) -> Child | None:
        """The worker once it has loaded its task; None when it cannot, or `job` was stopped."""
        child = self._child
        assert child is not None
        while not self._ready:
            message = child.messages.get()
            if isinstance(message, Exited):
                tail = child.log_tail().strip().splitlines()[-1:]
                self._refuse(_sentence("A worker could not start", message, tail))
                return None
            if message["type"] == "refused":
                self._refuse(message["message"])
                return None
            if message["type"] == "ready":
                self._ready = True
                self._crew.join(self._slot, time.monotonic() - self._launched)
            elif job.stopping:
                return None
        return child

    def _refuse(self, sentence: str) -> None:
        """Say that nothing can run; raises _LeftOut where there are others that may."""
        if self._crew.leave(self._slot, sentence):
            raise _LeftOut

    def _run(self, job: Job, again: bool = True) -> TrialEnded:
        """Run one trial to its end, whatever that is.

        A worker that died before the trial began is not the trial's fault: it is run `again`.
        """
        trial = job.trial
        assert self._child is not None
        if self._ready and self._child.process.poll() is not None:
            self._launch()
        job.give_to(self._child)
        child = self._wait_until_ready(job)
        if child is None or job.stopping:
            return interrupted(trial)
        with contextlib.suppress(ChildGoneError):
            child.send(
                "run",
                trial=trial.number,
                params=trial.params,
                seed=trial.seed,
                weights=str(self._task.weights_of(trial.number)),
                checkpoint=str(self._task.checkpoint_of(trial.number)),
            )
        ended = Watch(self._task, self._slot, job, child, self._inbox).until_over()
        if ended.lost:
            self._replace()
        if again and not ended.began and not job.stopping:
            return self._run(job, again=False)
        return ended.message

    def _test(self, job: Job) -> TrialTestEnded:
        """Have the worker compute test metrics."""
        number = job.trial.number
        assert self._child is not None
        job.give_to(self._child)
        child = self._wait_until_ready(job)
        if child is None:
            return TrialTestEnded(number, {}, "no worker could be started")
        weights = str(self._task.weights_of(number))
        try:
            child.send(
                "test",
                trial=number,
                params=job.trial.params,
                seed=job.trial.seed,
                weights=weights,
            )
            while True:
                message = child.messages.get(timeout=self._task.trial_seconds)
                if isinstance(message, Exited):
                    raise ChildGoneError(str(message))
                if message["type"] == "tested":
                    return TrialTestEnded(number, message["metrics"], message.get("problem", ""))
                if job.stopping:
                    raise ChildGoneError("it was stopped")
        except (ChildGoneError, queue.Empty) as error:
            self._replace()
            return TrialTestEnded(number, {}, f"the worker was lost: {error}")


def _sentence(what: str, exited: Exited, tail: Sequence[str]) -> str:
    return f"{what} ({exited}){': ' + tail[0] if tail else ''}"


def _environment(slot: Slot) -> dict[str, str]:
    """Variables that a worker must have before it imports torch."""
    threads = str(slot.threads)
    return {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "PYTHONHASHSEED": "0",
    }
