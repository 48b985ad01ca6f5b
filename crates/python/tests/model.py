"""asyncio's own classes, changed in what awaitlist does differently, and in nothing else.

1. A notification is passed on if one was used up, and not at any exception out of Condition.wait.
2. A waiter that is cancelled while it acquires a condition's lock again keeps its place.
3. A barrier's indices are given at the release, in the order of arrival, and a cancelled waiter
   there wakes no other.
4. A cancelled waiter whose task has not run is a waiter like any other: a release may wake it, and
   it passes that on when it runs.
5. A BoundedSemaphore's grant that is cancelled is discarded at the bound.

With `LEAVE_AT_CANCEL`, in place of 4: a waiter leaves at `cancel()`, and passes on at once what it
had been given. The classes serve as the reference of compare.py.
"""

import asyncio
import collections
from asyncio import exceptions, locks

LEAVE_AT_CANCEL = False


class Leaving(asyncio.Future):
    """A future whose `cancel` lets the waiter leave first."""

    leave = None

    def cancel(self, msg=None):
        leave, self.leave = self.leave, None
        if leave is not None:
            leave()
        return super().cancel(msg)


class Entry:
    def __init__(self, loop, leave=None):
        self.fut, self.called, self.left = Leaving(loop=loop), False, False
        if LEAVE_AT_CANCEL and leave is not None:
            self.fut.leave = lambda: self.leave(leave)

    def leave(self, leave):
        self.left = True
        leave(self)

    def call(self):
        self.called = True
        if not self.fut.done():
            self.fut.set_result(True)


class Lock(locks.Lock):
    def __init__(self):
        super().__init__()
        self._waiters = collections.deque()

    def _take(self):
        if self._locked or self._waiters:
            return False
        self._locked = True
        return True

    def _wake_up_first(self):
        if self._waiters and not self._waiters[0].called:
            self._waiters[0].call()

    def _leave(self, entry):
        self._waiters.remove(entry)
        if not self._locked:
            self._wake_up_first()

    async def acquire(self):
        if self._take():
            return True
        entry = Entry(self._get_loop(), self._leave)
        self._waiters.append(entry)
        try:
            await entry.fut
        except exceptions.CancelledError:
            if not entry.left:
                self._leave(entry)
            raise
        self._waiters.remove(entry)
        self._locked = True
        return True

    async def keep_acquiring(self):
        if self._take():
            return None
        entry, err = Entry(self._get_loop()), None
        self._waiters.append(entry)
        while True:
            try:
                await entry.fut
                break
            except exceptions.CancelledError as e:
                err = e
                if entry.called:
                    break
                entry.fut = Leaving(loop=self._get_loop())
        self._waiters.remove(entry)
        self._locked = True
        return err


class Event(locks.Event):
    async def wait(self):
        if self._value:
            return True
        fut = Leaving(loop=self._get_loop())
        self._waiters.append(fut)
        if LEAVE_AT_CANCEL:
            fut.leave = lambda: self._waiters.remove(fut)
        try:
            await fut
            return True
        finally:
            if fut in self._waiters:
                self._waiters.remove(fut)


class Condition(locks.Condition):
    _passes_on = True

    def __init__(self, lock=None):
        super().__init__(lock or Lock())

    def _leave(self, entry):
        self._waiters.remove(entry)
        if entry.called and self._passes_on:
            self._notify(1)

    async def wait(self, leave=None):
        if not self.locked():
            raise RuntimeError("cannot wait on un-acquired lock")
        entry, err = Entry(self._get_loop(), leave or self._leave), None
        self.release()
        self._waiters.append(entry)
        try:
            await entry.fut
        except exceptions.CancelledError as e:
            err = e
        if not entry.left:
            self._waiters.remove(entry)
        err = await self._lock.keep_acquiring() or err
        if err is not None:
            if entry.called and not entry.left and self._passes_on:
                self._notify(1)
            raise err
        return True

    def _notify(self, n):
        for entry in list(self._waiters):
            if n <= 0:
                break
            if not entry.called:
                n -= 1
                entry.call()


class Semaphore(locks.Semaphore):
    _most = float("inf")

    def __init__(self, value=1):
        super().__init__(value)
        self._waiters = collections.deque()

    def locked(self):
        return self._value == 0 or bool(self._waiters)

    def _leave(self, entry):
        self._waiters.remove(entry)
        if entry.called and self._value < self._most:
            self._value += 1
        self._wake_up_all()

    def _wake_up_all(self):
        while self._value > 0 and self._wake_up_next():
            pass

    async def acquire(self):
        if not self.locked():
            self._value -= 1
            return True
        entry = Entry(self._get_loop(), self._leave)
        self._waiters.append(entry)
        try:
            await entry.fut
        except exceptions.CancelledError:
            if not entry.left:
                self._leave(entry)
            raise
        self._waiters.remove(entry)
        self._wake_up_all()
        return True

    def _wake_up_next(self):
        for entry in self._waiters:
            if not entry.called:
                self._value -= 1
                entry.call()
                return True
        return False


class BoundedSemaphore(Semaphore):
    def __init__(self, value=1):
        super().__init__(value)
        self._most = value

    def release(self):
        if self._value >= self._most:
            raise ValueError("BoundedSemaphore released too many times")
        super().release()


class Barrier(locks.Barrier):
    def __init__(self, parties):
        super().__init__(parties)
        self._cond = Condition()
        self._cond._passes_on = False
        self._inside = []

    def _exit(self):
        # Without the lock, which no task holds across a turn of the loop.
        if self._count == 0:
            if self._state in (locks._BarrierState.RESETTING, locks._BarrierState.DRAINING):
                self._state = locks._BarrierState.FILLING
            self._cond._notify(len(self._cond._waiters))

    def _go(self, me):
        self._count -= 1
        self._inside = [one for one in self._inside if one is not me]
        self._exit()

    async def wait(self):
        async with self._cond:
            await self._block()
            me = [None]

            def leave(entry):
                self._cond._waiters.remove(entry)
                me.append("left")
                self._go(me)

            try:
                self._inside.append(me)
                self._count += 1
                if self._count == self._parties:
                    for index, one in enumerate(self._inside):
                        one[0] = index
                    await self._release()
                else:
                    while self._state is locks._BarrierState.FILLING:
                        await self._cond.wait(leave)
                    if self._state is not locks._BarrierState.DRAINING:
                        raise exceptions.BrokenBarrierError("Abort or reset of barrier")
                return me[0]
            finally:
                if len(me) == 1:
                    self._go(me)
