"""Runs trials on this machine: one thread a worker, which supervises that worker's process.

A supervisor keeps its process alive from trial to trial, or starts a fresh one for each (scripts),
replaces it when it is lost, and posts what happens to the study's inbox. One whose process cannot
start leaves its trial to the others; the last one says that nothing can run. It decides nothing
about the study. The other side of the protocol is worker.py.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Sequence

from engine.executors.child import Child, ChildGoneError, Exited
from engine.executors.crew import Crew
from engine.executors.devices import Slot
from engine.executors.guard import own_command
from engine.executors.job import Inbox, Job, Task
from engine.executors.launch import DiedError, RefusedError, Worker
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

    def processes(self) -> dict[int, int]:
        """The process of each worker, by the worker's number."""
        pids = {s.slot.worker: s.process_id for s in self._supervisors}
        return {worker: pid for worker, pid in pids.items() if pid is not None}

    def submit(self, trials: Sequence[Trial], *, most: int = 1, beside: int | None = None) -> None:
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


class _Supervisor(threading.Thread):
    """The thread that looks after one worker process at a time.

    A script's process runs one trial only, and the next one is started meanwhile.
    """

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
        self.slot = slot
        self._jobs = jobs
        self._inbox = inbox
        self._crew = crew
        self._kind = task.content.get("kind")
        self._next: Worker | None = None
        self._spent: Worker | None = None
        self._announced = False

    def run(self) -> None:
        self._start_ahead()
        while (job := self._jobs.get()) is not None:
            try:
                message = self._run(job) if job.kind == "run" else self._test(job)
            except RefusedError as why:
                self._drop(self._next)
                if self._crew.leave(self.slot, str(why)):
                    self._jobs.put(job)
                    break
                message = _not_run(job)
            job.over = True
            self._inbox.put(message)
            self._let_go()
        if self._next is not None:
            self._next.child.close(grace=0.5)

    @property
    def process_id(self) -> int | None:
        """The process that runs a trial, or waits for one."""
        worker = self._spent or self._next
        return None if worker is None else worker.child.process.pid

    def _launch(self) -> Worker:
        return Worker(self._task, self.slot, own_command)

    def _start_ahead(self) -> None:
        """Start the next trial's worker; what is wrong with it is said when that trial comes."""
        with contextlib.suppress(RefusedError):
            self._next = self._launch()

    def _let_go(self) -> None:
        """End the process of a trial that is over, if it is not to run others."""
        if self._spent is not None:
            self._spent.child.close()
            self._spent = None

    def _ready_worker(self, job: Job, again: bool = True) -> Worker | None:
        """The worker for `job`, which has loaded its task; None when the job was stopped.

        One that died while it waited is replaced once. Raises RefusedError when there is none.
        """
        worker = self._next
        if worker is None or (worker.ready_after is not None and not worker.is_alive()):
            worker = self._next = self._launch()
        job.give_to(worker.child)
        try:
            is_ready = worker.wait_until_ready(job)
        except DiedError:
            if not again:
                raise
            self._drop(worker)
            return self._ready_worker(job, again=False)
        if not is_ready or job.stopping:
            return None
        self._announce(worker)
        return worker

    def _announce(self, worker: Worker) -> None:
        """Say that it is ready; of a script's workers, only the first."""
        if not worker.announced and not (self._announced and self._kind == "script"):
            assert worker.ready_after is not None
            self._crew.join(self.slot, worker.ready_after)
        worker.announced = self._announced = True

    def _run(self, job: Job, again: bool = True) -> TrialEnded:
        """Run one trial to its end, whatever that is.

        A worker that died before the trial began is not the trial's fault: it is run `again`.
        """
        worker = self._ready_worker(job)
        if worker is None:
            return interrupted(job.trial)
        self._hand_over(job.trial, worker.child)
        if self._kind == "script":
            self._next, self._spent = None, worker
            self._start_ahead()
        end = Watch(self._task, self.slot, job, worker.child, self._inbox).until_over()
        if end.lost:
            self._replace(worker)
        elif self._kind == "command":
            worker.child.end_descendants()
        if again and not end.began and not job.stopping:
            return self._run(job, again=False)
        return end.message

    def _hand_over(self, trial: Trial, child: Child) -> None:
        child.log.restart()
        with contextlib.suppress(ChildGoneError):
            child.send(
                "run",
                trial=trial.number,
                params=trial.params,
                seed=trial.seed,
                weights=str(self._task.weights_of(trial.number)),
                checkpoint=str(self._task.checkpoint_of(trial.number)),
            )

    def _drop(self, worker: Worker | None) -> None:
        """End a worker, if it is not gone already."""
        if worker is not None:
            worker.child.kill()
        if worker is self._next:
            self._next = None

    def _replace(self, worker: Worker) -> None:
        """End a worker and see that there is another."""
        self._drop(worker)
        if self._next is None:
            self._start_ahead()

    def _test(self, job: Job) -> TrialTestEnded:
        """Have the worker compute test metrics."""
        worker = self._ready_worker(job)
        if worker is None:
            return _not_tested(job)
        number = job.trial.number
        try:
            worker.child.send(
                "test",
                trial=number,
                params=job.trial.params,
                seed=job.trial.seed,
                weights=str(self._task.weights_of(number)),
            )
            return self._tested(job, worker.child)
        except (ChildGoneError, queue.Empty) as error:
            self._replace(worker)
            return TrialTestEnded(number, {}, f"the worker was lost: {error}")

    def _tested(self, job: Job, child: Child) -> TrialTestEnded:
        while True:
            message = child.messages.get(timeout=self._task.trial_seconds)
            if isinstance(message, Exited):
                raise ChildGoneError(str(message))
            if message["type"] == "tested":
                problem = message.get("problem", "")
                return TrialTestEnded(job.trial.number, message["metrics"], problem)
            if job.stopping:
                raise ChildGoneError("it was stopped")


def _not_run(job: Job) -> TrialEnded | TrialTestEnded:
    return interrupted(job.trial) if job.kind == "run" else _not_tested(job)


def _not_tested(job: Job) -> TrialTestEnded:
    return TrialTestEnded(job.trial.number, {}, "no worker could be started")
