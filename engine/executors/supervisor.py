"""The thread that looks after one worker process at a time.

It keeps its process alive from unit to unit, or starts a fresh one for each (scripts), replaces it
when it is lost, and posts what happens to the study's inbox. One whose process cannot start leaves
its trials to the others; the last one says that nothing can run. The other side of the protocol is
worker.py.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence

from engine.executors.child import Child, ChildGoneError, Exited
from engine.executors.crew import Crew
from engine.executors.devices import Slot
from engine.executors.job import Inbox, Job, Task
from engine.executors.launch import DiedError, RefusedError, Worker
from engine.executors.member import interrupted
from engine.executors.messages import TrialReturned, TrialTestEnded
from engine.executors.watch import Fate, Watch
from engine.trial import Trial


class Supervisor(threading.Thread):
    """The thread that looks after one worker process at a time.

    A script's process runs one trial only, and the next one is started meanwhile.
    """

    def __init__(
        self,
        task: Task,
        slot: Slot,
        launch: Callable[[Slot], Worker],
        jobs: queue.SimpleQueue[Job | None],
        inbox: Inbox,
        crew: Crew,
    ) -> None:
        super().__init__(name=f"worker-{slot.worker}", daemon=True)
        self._task = task
        self.slot = slot
        self._launch = launch
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
                self._conclude(job, self._run(job) if job.kind == "run" else [self._test(job)])
            except RefusedError as why:
                self._drop(self._next)
                if self._crew.leave(self.slot, str(why)):
                    self._jobs.put(job)
                    break
                self._conclude(job, [_not_run(job, trial) for trial in job.trials])
            self._let_go()
        if self._next is not None:
            self._next.child.close(grace=0.5)

    @property
    def process_id(self) -> int | None:
        """The process that runs a trial, or waits for one."""
        worker = self._spent or self._next
        return None if worker is None else worker.child.process.pid

    def _conclude(self, job: Job, said: Sequence[Fate | TrialTestEnded]) -> None:
        """Post what became of the last of a job; what joined too late for that is returned."""
        told = {message.number for message in said}
        late = [trial for trial in job.close() if trial.number not in told]
        for message in (*said, *(_too_late(job, trial) for trial in late)):
            self._inbox.put(message)

    def _start_ahead(self) -> None:
        """Start the next trial's worker; what is wrong with it is said when that trial comes."""
        with contextlib.suppress(RefusedError):
            self._next = self._launch(self.slot)

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
            worker = self._next = self._launch(self.slot)
        job.give_to(worker.child)
        try:
            is_ready = worker.wait_until_ready(job)
        except DiedError:
            if not again:
                raise
            self._drop(worker)
            return self._ready_worker(job, again=False)
        if not is_ready or job.is_stopped:
            return None
        self._announce(worker)
        return worker

    def _announce(self, worker: Worker) -> None:
        """Say that it is ready; of a script's workers, only the first."""
        if not worker.announced and not (self._announced and self._kind == "script"):
            assert worker.ready_after is not None
            self._crew.join(self.slot, worker.ready_after)
        worker.announced = self._announced = True

    def _run(self, job: Job, again: bool = True) -> Sequence[Fate]:
        """Run a unit to its end, whatever that is: what became of the trials that were last.

        A worker that died before a trial began is not the trials' fault: they are run `again`.
        """
        worker = self._ready_worker(job)
        self._leave_out_stopped(job)
        if worker is None or not job.trials:
            return ()
        self._hand_over(job, worker.child)
        if self._kind == "script":
            self._next, self._spent = None, worker
            self._start_ahead()
        end = Watch(self._task, self.slot, job, worker.child, self._inbox).until_over()
        if end.lost:
            self._replace(worker)
        elif self._kind == "command":
            worker.child.end_descendants()
        if again and not end.began and not job.is_stopped:
            return self._run(job, again=False)
        return end.fates

    def _leave_out_stopped(self, job: Job) -> None:
        """Trials that were told to stop before they began end so."""
        for trial in job.trials:
            if trial.number in job.stopped:
                job.leave(trial.number)
                self._inbox.put(interrupted(trial))

    def _hand_over(self, job: Job, child: Child) -> None:
        child.log.restart()
        orders = [self._task.order_for(trial) for trial in job.begin()]
        with contextlib.suppress(ChildGoneError):
            if job.is_stack:
                terms = {"unit": job.unit, "most": job.most, "tried": job.tried}
                child.send("run_many", trials=orders, **terms)
            else:
                child.send("run", **orders[0])
        job.stop_again()

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
        (trial,) = job.trials
        worker = self._ready_worker(job)
        if worker is None:
            return _not_tested(trial)
        number = trial.number
        try:
            worker.child.send("test", **self._task.order_for(trial))
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
                return TrialTestEnded(job.trials[0].number, message["metrics"], problem)
            if job.is_stopped:
                raise ChildGoneError("it was stopped")


def _not_run(job: Job, trial: Trial) -> Fate | TrialTestEnded:
    return interrupted(trial) if job.kind == "run" else _not_tested(trial)


def _not_tested(trial: Trial) -> TrialTestEnded:
    return TrialTestEnded(trial.number, {}, "no worker could be started")


def _too_late(job: Job, trial: Trial) -> Fate:
    return interrupted(trial) if trial.number in job.stopped else TrialReturned(trial.number)
