"""asyncio.locks as awaitlist has it: CPython's own classes, and the changes in CHANGES.

The crates are compared with these classes wherever tasks are cancelled. Each change is one of the
differences that docs/guarantees.md lists, and can be left out: `classes(CHANGES)` has all of them,
and `classes(())` none, which must behave as CPython's own do.

The package for Python (crates/python) is compared with `classes({*CHANGES, LEAVE})`.

What is not changed is inherited, so it is what the running CPython has.
"""
import asyncio
import collections
import functools
import types
from asyncio import locks
from asyncio.exceptions import CancelledError

CHANGES = {
    "one-step":
        "until its task has run, a cancelled waiter is a waiter like any other: it is notified, "
        "granted and designated, and newcomers queue behind it",
    "forward-if-notified":
        "a wait for a condition that is cancelled wakes another waiter only if it was notified",
    "keep-place":
        "a task that is cancelled while it acquires a condition's lock again keeps its place",
    "drop-loses-lock":
        "a wait for a condition that is dropped does not acquire the lock again",
    "drop-forwards-at-once":
        "a wait for a condition that is dropped forwards its notification first of all, without "
        "the lock",
    "barrier-quiet":
        "a cancelled arrival at a barrier wakes no other party",
    "barrier-indices":
        "the indices of a barrier's round are given when it is released, in order of arrival",
    "bound":
        "the value of a BoundedSemaphore never exceeds the bound",
}


# A waiter leaves at `task.cancel()`, and passes on at once what it had been given. One more change,
# of the package for Python, where to cancel is to drop the future of Rust.
LEAVE = "leave-at-cancel"


class Waiter:
    """Stands in a queue in the place of the future that a task awaits.

    CPython's `Task.cancel` marks that future, which the queue then skips. This does not show it: a
    waiter is done when it was notified, and is never seen as cancelled.
    """

    def __init__(self, loop, leaves=False):
        self._future = Leaving(loop=loop) if leaves else loop.create_future()
        self._notified = False

    def leave_with(self, function):
        """Has `function` called with the waiter when it is cancelled."""
        self._future.leave = functools.partial(function, self)

    def left(self):
        """The notification has been passed on."""
        self._notified = False

    def done(self):
        return self._notified

    def cancelled(self):
        return False

    def set_result(self, result):
        self._notified = True
        if not self._future.done():
            self._future.set_result(result)

    def __await__(self):
        return self._future.__await__()


class Leaving(asyncio.Future):
    """A future whose waiter leaves when it is cancelled."""

    leave = None

    def cancel(self, msg=None):
        leave, self.leave = self.leave, None
        if leave is not None:
            leave()
        return super().cancel(msg)


class Queue(collections.deque):
    """The waiters of a primitive, each of which leaves with `leave` when it is cancelled."""

    def __init__(self, leave):
        super().__init__()
        self._leave = leave

    def append(self, waiter):
        super().append(waiter)
        waiter.leave_with(self._leave_queue)

    def _leave_queue(self, waiter):
        super().remove(waiter)
        self._leave(waiter)
        waiter.left()

    def remove(self, waiter):
        # A waiter that has left is gone.
        if waiter in self:
            super().remove(waiter)


class FirstWhenCancelled:
    """Awaits a coroutine. When the task is cancelled, calls a function before the coroutine has the
    CancelledError."""

    def __init__(self, function, coroutine):
        self._function, self._coroutine = function, coroutine

    def __await__(self):
        inner = self._coroutine.__await__()
        try:
            awaited = next(inner)
            while True:
                try:
                    yield awaited
                except CancelledError as error:
                    self._function()
                    awaited = inner.throw(error)
                else:
                    awaited = next(inner)
        except StopIteration as end:
            return end.value


class Arrival:
    """A task inside a barrier, and the index that it will return."""

    def __init__(self, index):
        self.index = index
        self.task = asyncio.current_task()


def notified(waiter):
    """Whether a waiter, or a future, was notified."""
    return waiter.done() and not waiter.cancelled()


@functools.cache
def classes(changes):
    """The six classes with those changes of CHANGES (a tuple or a frozenset)."""
    unknown = set(changes) - {*CHANGES, LEAVE}
    if unknown:
        raise ValueError("no such change: " + ", ".join(sorted(unknown)))
    one_step = "one-step" in changes
    forward_if_notified = "forward-if-notified" in changes
    keep_place = "keep-place" in changes
    drop_loses_lock = "drop-loses-lock" in changes
    drop_forwards_at_once = "drop-forwards-at-once" in changes
    barrier_quiet = "barrier-quiet" in changes
    barrier_indices = "barrier-indices" in changes
    bound = "bound" in changes
    leave = LEAVE in changes

    class Queueing:
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            if leave and hasattr(self, "_waiters"):
                self._waiters = Queue(self._leave)

        def _get_loop(self):
            loop = super()._get_loop()
            if one_step:
                return types.SimpleNamespace(create_future=lambda: Waiter(loop, leave))
            return loop

        def _leave(self, waiter):
            """A waiter leaves at `cancel`, and passes on what it had been given."""

    class Lock(Queueing, locks.Lock):
        def _leave(self, waiter):
            if not self._locked:
                self._wake_up_first()

        async def acquire_again(self):
            """Acquires, however often the task is cancelled. Returns the last CancelledError."""
            error = None
            if not keep_place:
                while True:
                    try:
                        await self.acquire()
                        return error
                    except CancelledError as e:
                        error = e
            if not self._locked and all(w.cancelled() for w in self._waiters or ()):
                self._locked = True
                return None
            if self._waiters is None:
                self._waiters = collections.deque()
            waiter = self._get_loop().create_future()
            self._append_to_stay(waiter)
            while True:
                try:
                    await waiter
                    break
                except CancelledError as e:
                    error = e
                    if notified(waiter):
                        break
                    fresh = self._get_loop().create_future()
                    self._waiters[self._waiters.index(waiter)] = waiter = fresh
                    # A release found the cancelled waiter in front, and notified no other.
                    if not self._locked:
                        self._wake_up_first()
            self._waiters.remove(waiter)
            self._locked = True
            return error

        def _append_to_stay(self, waiter):
            collections.deque.append(self._waiters, waiter)

    class Event(Queueing, locks.Event):
        pass

    class Condition(Queueing, locks.Condition):
        def __init__(self, lock=None):
            super().__init__(Lock() if lock is None else lock)

        def _leave(self, waiter):
            self._forward(waiter)

        async def wait(self):
            waiter = self._begin()
            error = await self._notified_or_cancelled(waiter)
            error = await self._lock.acquire_again() or error
            if error is not None:
                if not leave or notified(waiter):
                    self._forward(waiter)
                raise error
            return True

        async def wait_or_drop(self):
            """Waits as a future that is dropped at a CancelledError: then it leaves without the
            lock. Otherwise the lock is held."""
            waiter = self._begin()
            error = await self._notified_or_cancelled(waiter)
            forward = functools.partial(self._forward, waiter)
            if error is None:
                acquire = self._lock.acquire()
                if drop_forwards_at_once:
                    acquire = FirstWhenCancelled(forward, acquire)
                try:
                    await acquire
                    return True
                except CancelledError as e:
                    error = e
            elif drop_forwards_at_once:
                forward()
            if not drop_loses_lock:
                error = await self._lock.acquire_again() or error
                if not drop_forwards_at_once:
                    forward()
                self.release()
            raise error

        def _begin(self):
            if not self.locked():
                raise RuntimeError("cannot wait on un-acquired lock")
            waiter = self._get_loop().create_future()
            self.release()
            self._waiters.append(waiter)
            return waiter

        async def _notified_or_cancelled(self, waiter):
            try:
                await waiter
            except CancelledError as error:
                return error
            finally:
                self._waiters.remove(waiter)

        def _forward(self, waiter):
            if notified(waiter) or not forward_if_notified:
                self._notify(1)

    class Semaphore(Queueing, locks.Semaphore):
        def _leave(self, waiter):
            if notified(waiter):
                self._value += 1
            self._wake_up()

        def _wake_up(self):
            while self._value > 0 and self._wake_up_next():
                pass

        async def acquire(self):
            if not leave:
                return await locks.Semaphore.acquire(self)
            if not self.locked():
                self._value -= 1
                return True
            waiter = self._get_loop().create_future()
            self._waiters.append(waiter)
            # CPython wakes others at a CancelledError, too. This waiter has left before, and did.
            await waiter
            self._waiters.remove(waiter)
            self._wake_up()
            return True

    class BoundedSemaphore(Queueing, locks.BoundedSemaphore):
        _leave = Semaphore._leave
        _wake_up = Semaphore._wake_up
        acquire = Semaphore.acquire

        @property
        def _value(self):
            return self._permits

        @_value.setter
        def _value(self, value):
            self._permits = min(value, self._bound_value) if bound else value

    class BarrierCondition(Condition):
        # The barrier's, called with the task that has left.
        task_left = None

        def _forward(self, waiter):
            if not barrier_quiet:
                super()._forward(waiter)

        def _begin(self):
            waiter = super()._begin()
            waiter.task = asyncio.current_task()
            return waiter

        def _leave(self, waiter):
            self.task_left(waiter.task)

    class Barrier(Queueing, locks.Barrier):
        def __init__(self, parties):
            super().__init__(parties)
            self._cond = BarrierCondition()
            self._cond.task_left = self._task_left
            # Those who arrived and have not left, in order of arrival.
            self._inside = []

        def _task_left(self, task):
            for arrival in self._inside:
                if arrival.task is task:
                    self._go(arrival)
                    break

        def _go(self, arrival):
            self._count -= 1
            self._inside.remove(arrival)
            self._exit()

        def _exit(self):
            if not leave:
                return super()._exit()
            # Without the lock, which no task holds in a turn of the loop that cancels.
            state = locks._BarrierState
            if self._count == 0:
                if self._state in (state.RESETTING, state.DRAINING):
                    self._state = state.FILLING
                self._cond._notify(len(self._cond._waiters))

        async def wait(self):
            async with self._cond:
                await self._block()
                arrival = Arrival(self._count)
                try:
                    self._count += 1
                    self._inside.append(arrival)
                    if self._count == self._parties:
                        await self._release()
                    else:
                        await self._wait()
                    return arrival.index
                finally:
                    if arrival in self._inside:
                        self._go(arrival)

        async def _release(self):
            if barrier_indices:
                for index, arrival in enumerate(self._inside):
                    arrival.index = index
            await super()._release()

    return types.SimpleNamespace(
        Lock=Lock, Event=Event, Condition=Condition, Semaphore=Semaphore,
        BoundedSemaphore=BoundedSemaphore, Barrier=Barrier)


class AsyncioCondition(asyncio.Condition):
    """CPython's own, with the method that a program of drops calls."""

    async def wait_or_drop(self):
        try:
            return await self.wait()
        except CancelledError:
            self.release()
            raise


# CPython's own classes.
ASYNCIO = types.SimpleNamespace(
    Lock=asyncio.Lock, Event=asyncio.Event, Condition=AsyncioCondition, Semaphore=asyncio.Semaphore,
    BoundedSemaphore=asyncio.BoundedSemaphore, Barrier=asyncio.Barrier)
