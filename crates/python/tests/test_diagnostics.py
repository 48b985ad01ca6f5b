"""Tests of awaitlist.diagnostics. Most need a build with them: `cargo xtask python` makes one."""

import asyncio
import gc
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import unittest
import weakref

import awaitlist
from awaitlist import diagnostics

FILE = pathlib.Path(__file__).name

HANGS = """
import asyncio

async def transfer(one, other, name):
    async with one:
        await asyncio.sleep(0)
        async with other:
            print(name, "is done")

async def main():
    checking, savings = asyncio.Lock(), asyncio.Lock()
    async with asyncio.TaskGroup() as group:
        group.create_task(transfer(checking, savings, "deposit"), name="deposit")
        group.create_task(transfer(savings, checking, "withdraw"), name="withdraw")

asyncio.run(main())
"""


def here():
    """Return the line that calls this."""
    return sys._getframe(1).f_lineno


async def turns(n=3):
    for _ in range(n):
        await asyncio.sleep(0)


async def cancelled(*tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@unittest.skipIf(diagnostics.ENABLED, "this build has the diagnostics")
class DisabledTests(unittest.TestCase):
    def test_a_build_without_them_says_how_to_get_them(self):
        for function in (diagnostics.snapshot, diagnostics.deadlocks, diagnostics.watch):
            with self.assertRaisesRegex(RuntimeError, "--features=diagnostics"):
                function()

    def test_the_module_runs_a_program_on_awaitlist(self):
        with tempfile.TemporaryDirectory() as directory:
            program = pathlib.Path(directory) / "program.py"
            program.write_text("import asyncio, sys; print(asyncio.Lock, sys.argv[1:])")
            run = [sys.executable, "-m", "awaitlist", program, "--flag"]
            done = subprocess.run(run, capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "<class 'awaitlist.Lock'> ['--flag']\n")


@unittest.skipUnless(diagnostics.ENABLED, "this build has no diagnostics")
class DeadlockTests(unittest.IsolatedAsyncioTestCase):
    async def test_two_tasks_in_opposite_order_are_a_deadlock_with_their_names_and_places(self):
        first, second = awaitlist.Lock(), awaitlist.Lock()

        async def both(one, other):
            async with one:
                await asyncio.sleep(0)
                async with other:
                    pass

        deposit = asyncio.create_task(both(first, second), name="deposit")
        withdraw = asyncio.create_task(both(second, first), name="withdraw")
        await turns()
        (deadlock,) = diagnostics.deadlocks()
        self.assertEqual(deadlock.title, "DEADLOCK", str(deadlock))
        self.assertEqual(sorted(deadlock.tasks), ["deposit", "withdraw"])
        line = both.__code__.co_firstlineno
        self.assertRegex(
            str(deadlock),
            rf'task "deposit" waits at \S*{FILE}:{line + 3} for Lock "\S*{FILE}:\d+( \(2\))?" #\d+,\n'
            rf' *which task "withdraw" acquired at \S*{FILE}:{line + 1}\n',
        )
        self.assertNotIn(".rs", str(deadlock))
        await cancelled(deposit)
        await withdraw
        self.assertEqual(diagnostics.deadlocks(), [])

    async def test_a_task_that_acquires_a_lock_twice_is_a_deadlock(self):
        lock = awaitlist.Lock()

        async def twice():
            async with lock:
                await lock.acquire()

        task = asyncio.create_task(twice(), name="twice")
        await turns()
        (deadlock,) = diagnostics.deadlocks()
        self.assertEqual(deadlock.tasks, ["twice"])
        self.assertIn('task "twice" itself acquired', str(deadlock))
        await cancelled(task)

    async def test_a_lock_that_another_task_holds_for_long_is_no_deadlock(self):
        lock = awaitlist.Lock()
        await lock.acquire()
        task = asyncio.create_task(lock.acquire())
        await turns()
        self.assertEqual(diagnostics.deadlocks(), [])
        lock.release()
        await task
        lock.release()

    async def test_a_wait_for_a_condition_passes_its_lock_on_without_a_deadlock(self):
        condition = awaitlist.Condition()

        async def wait():
            async with condition:
                await condition.wait()
                return [one["who"] for one in held(condition._lock)]

        def held(lock):
            (found,) = [one for one in diagnostics.snapshot().primitives if one["kind"] == "Lock"]
            return found["holds"]

        waiting = asyncio.create_task(wait(), name="waiting")
        await turns()
        async with condition:
            self.assertNotEqual([one["who"] for one in held(condition._lock)], ["waiting"])
            condition.notify()
        self.assertEqual(await waiting, ["waiting"])
        self.assertEqual(diagnostics.snapshot().primitives, [])


@unittest.skipUnless(diagnostics.ENABLED, "this build has no diagnostics")
class SnapshotTests(unittest.IsolatedAsyncioTestCase):
    async def test_a_snapshot_lists_holders_and_waiters_by_name(self):
        semaphore, event = awaitlist.Semaphore(1), awaitlist.Event()
        await semaphore.acquire()
        waits = [
            asyncio.create_task(semaphore.acquire(), name="second"),
            asyncio.create_task(event.wait(), name="idle"),
        ]
        await turns()
        snapshot = diagnostics.snapshot()
        by_kind = {one["kind"]: one for one in snapshot.primitives}
        own = asyncio.current_task().get_name()
        self.assertEqual([hold["who"] for hold in by_kind["Semaphore"]["holds"]], [own])
        self.assertIn(FILE, by_kind["Semaphore"]["holds"][0]["where"])
        self.assertEqual([wait["who"] for wait in by_kind["Semaphore"]["waits"]], ["second"])
        self.assertEqual([wait["who"] for wait in by_kind["Event"]["waits"]], ["idle"])
        self.assertIn(f'held by task "{own}"', str(snapshot))
        self.assertNotIn(".rs", str(snapshot))
        semaphore.release()
        event.set()
        await asyncio.gather(*waits)
        semaphore.release()
        self.assertEqual(str(diagnostics.snapshot()), "Nothing is held or waited for.")

    async def test_a_snapshot_shows_where_an_event_was_last_set_and_cleared(self):
        event = awaitlist.Event()
        first = asyncio.create_task(event.wait(), name="first")
        await turns()
        event.set()
        line = here() - 1
        await first
        event.clear()
        second = asyncio.create_task(event.wait(), name="second")
        await turns()
        (found,) = diagnostics.snapshot().primitives
        last = {did: signal["where"] for did, signal in found["last"].items()}
        self.assertEqual(list(last), ["set", "cleared"])
        self.assertRegex(last["set"], rf"{FILE}:{line}$")
        self.assertRegex(last["cleared"], rf"{FILE}:{line + 3}$")
        self.assertTrue(found["last"]["set"]["woke"])
        text = str(diagnostics.snapshot())
        self.assertRegex(text, rf"\n    last set \d+ ms ago at \S*{FILE}:{line}\n")
        self.assertRegex(text, rf"\n    last cleared at least \d+ ms ago at \S*{FILE}:{line + 3}\n")
        self.assertNotIn(".rs", text)
        event.set()
        await second

    async def test_a_primitive_with_the_name_of_one_that_is_gone_was_never_set(self):
        for _ in range(2):
            event = awaitlist.Event()
            wait = asyncio.create_task(event.wait())
            await turns()
            (found,) = diagnostics.snapshot().primitives
            self.assertEqual(found["last"], {})
            event.set()
            await wait
            del event, wait
            gc.collect()

    async def test_what_is_acquired_outside_of_a_task_is_a_callers_and_has_its_place(self):
        lock, loop = awaitlist.Lock(), asyncio.get_running_loop()
        ran = loop.create_future()

        def callback():
            with self.assertRaises(StopIteration):
                lock.acquire().send(None)
            ran.set_result(here() - 1)

        loop.call_soon(callback)
        line = await ran
        (found,) = diagnostics.snapshot().primitives
        self.assertRegex(found["holds"][0]["where"], rf"{FILE}:{line}$")
        self.assertRegex(
            str(diagnostics.snapshot()),
            rf'held by a caller on thread "MainThread" for \d+ ms, acquired at \S*{FILE}:{line}',
        )
        # Another task waits for it: no deadlock, and a holder that is no task.
        waiter = asyncio.create_task(lock.acquire(), name="waiter")
        await turns()
        self.assertEqual(diagnostics.deadlocks(), [])
        lock.release()
        await waiter
        (found,) = diagnostics.snapshot().primitives
        self.assertEqual([hold["who"] for hold in found["holds"]], ["waiter"])
        lock.release()

    async def test_what_an_ended_task_holds_is_shown_as_such(self):
        lock = awaitlist.Lock()
        await asyncio.create_task(lock.acquire(), name="forgetful")
        await turns()
        self.assertIn('task "forgetful"', str(diagnostics.snapshot()))
        self.assertIn("has ended since", str(diagnostics.snapshot()))
        lock.release()
        self.assertEqual(diagnostics.snapshot().primitives, [])

    async def test_a_thread_has_its_name_of_python(self):
        lock = awaitlist.Lock(shared=True)
        await lock.acquire()

        def block():
            lock.acquire_blocking()
            lock.release()

        thread = threading.Thread(target=block, name="blocked thread")
        thread.start()
        while len(lock._waiters) == 0:
            await asyncio.sleep(0.001)
        (found,) = diagnostics.snapshot().primitives
        self.assertEqual([wait["who"] for wait in found["waits"]], ["blocked thread"])
        lock.release()
        thread.join()

    async def test_ended_tasks_and_primitives_are_not_kept(self):
        lock = awaitlist.Lock()

        async def use():
            async with lock:
                pass

        task = asyncio.create_task(use())
        await task
        await turns()
        left = [weakref.ref(task), weakref.ref(lock)]
        del task, lock, use
        gc.collect()
        self.assertEqual([reference() for reference in left], [None, None])

    async def test_a_primitive_that_is_held_when_it_goes_is_not_shown(self):
        lock = awaitlist.Lock()
        await lock.acquire()
        del lock
        gc.collect()
        self.assertEqual(diagnostics.snapshot().primitives, [])


@unittest.skipUnless(diagnostics.ENABLED, "this build has no diagnostics")
class WatchTests(unittest.IsolatedAsyncioTestCase):
    async def stall(self, reports):
        return await asyncio.to_thread(reports.get)

    async def test_a_holder_that_waits_for_something_else_is_shown_with_its_stack(self):
        lock, reports = awaitlist.Lock(), queue.SimpleQueue()
        never = asyncio.get_running_loop().create_future()

        async def hold():
            async with lock:
                await never

        holder = asyncio.create_task(hold(), name="holder")
        await turns()
        with diagnostics.watch(0.01, reports.put):
            waiter = asyncio.create_task(lock.acquire(), name="waiter")
            stall = await self.stall(reports)
            while stall.title != "HOLDER GONE QUIET":
                stall = await self.stall(reports)
        self.assertEqual(stall.tasks, ["waiter", "holder"])
        line = hold.__code__.co_firstlineno + 2
        self.assertRegex(str(stall), rf'ROOT: task "holder"\n    at \S*{FILE}:{line} in ')
        await cancelled(holder, waiter)

    async def test_what_an_ended_task_holds_and_a_barrier_that_is_short_are_reported(self):
        semaphore, barrier = awaitlist.Semaphore(1), awaitlist.Barrier(2)
        reports = queue.SimpleQueue()
        await asyncio.create_task(semaphore.acquire(), name="forgetful")
        with diagnostics.watch(0.01, reports.put):
            waiters = [
                asyncio.create_task(semaphore.acquire(), name="hungry"),
                asyncio.create_task(barrier.wait(), name="lonely"),
            ]
            found = {}
            while not {"hungry", "lonely"} <= found.keys():
                stall = await self.stall(reports)
                if stall.title not in ("STILL", "ENDED"):
                    found[stall.tasks[0]] = str(stall)
        self.assertIn('task "forgetful"', found["hungry"])
        self.assertIn("1 of 2 have come", found["lonely"])
        await cancelled(*waiters)
        semaphore.release()

    async def test_a_notification_that_came_too_early_is_shown_with_its_place(self):
        condition, reports = awaitlist.Condition(), queue.SimpleQueue()
        async with condition:
            condition.notify_all()
            line = here() - 1

        async def wait():
            async with condition:
                await condition.wait()

        with diagnostics.watch(0.01, reports.put, idle=True):
            waiter = asyncio.create_task(wait(), name="late")
            stall = await self.stall(reports)
        self.assertEqual((stall.title, stall.tasks), ("NOT NOTIFIED", ["late"]))
        self.assertRegex(
            str(stall),
            rf"\n    last notified at least \d+ ms ago at \S*{FILE}:{line}, before this wait began;"
            " it woke no waiter",
        )
        await cancelled(waiter)

    async def test_an_event_that_nobody_sets_is_reported_as_that(self):
        event, reports = awaitlist.Event(), queue.SimpleQueue()
        with diagnostics.watch(0.01, reports.put, idle=True):
            waiter = asyncio.create_task(event.wait(), name="idle")
            stall = await self.stall(reports)
        self.assertIn("NOT SET: the event is not set\n    it was never set", str(stall))
        await cancelled(waiter)

    async def test_a_task_that_has_the_notification_and_has_not_run_is_shown(self):
        condition, reports = awaitlist.Condition(), queue.SimpleQueue()

        async def wait():
            async with condition:
                await condition.wait()

        waiters = [asyncio.create_task(wait(), name=name) for name in ("first", "second")]
        await turns()
        with diagnostics.watch(0.01, reports.put, idle=True):
            async with condition:
                condition.notify()
                line = here() - 1
                # The loop is blocked, so the task that was notified does not run.
                while (stall := reports.get()).title != "WOKEN BUT NOT RUN":
                    pass
        text = str(stall)
        self.assertRegex(text, r'-> task "first" was woken .* ago and has not run since')
        self.assertRegex(text, rf"last notified \d+ ms ago at \S*{FILE}:{line}; it woke a waiter")
        await cancelled(*waiters)

    async def test_a_report_that_raises_does_not_end_the_watch(self):
        reports, lock = queue.SimpleQueue(), awaitlist.Lock()
        hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None

        def report(stall):
            reports.put(stall)
            raise ValueError

        try:
            await lock.acquire()
            with diagnostics.watch(0.01, report):
                for _ in range(2):
                    waiter = asyncio.create_task(lock.acquire())
                    while (await self.stall(reports)).title in ("STILL", "ENDED"):
                        pass
                    await cancelled(waiter)
                    # Ends the cause, so that the next one is new.
                    while (await self.stall(reports)).title != "ENDED":
                        pass
        finally:
            sys.unraisablehook = hook
        lock.release()

    def test_an_unmodified_program_that_hangs_says_why(self):
        with tempfile.TemporaryDirectory() as directory:
            (pathlib.Path(directory) / "bank.py").write_text(HANGS)
            command = [sys.executable, "-m", "awaitlist", "--watch", "0.05", "bank.py"]
            process = subprocess.Popen(
                command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            lines = []
            for line in process.stderr:
                lines.append(line)
                if "assumed:" in line:
                    break
            process.kill()
            process.communicate()
        report = "".join(lines)
        self.assertIn("  DEADLOCK: none of these can go on", report)
        self.assertIn('task "deposit" waits at bank.py:7 for Lock "bank.py:11', report)
        self.assertIn('task "withdraw" acquired at bank.py:5', report)


if __name__ == "__main__":
    unittest.main()
