"""Tests of what an extension in Rust shares with Python: `extension` is one, with tasks of tokio."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import unittest

import awaitlist as wheel

import awaitlist_test_extension as extension

awaitlist = extension.awaitlist

IMPORT = "import awaitlist_test_extension as extension\n"


async def until(condition):
    """Let the loop run until `condition()` is true."""
    while not condition():
        await asyncio.sleep(0.001)


class RustTests(unittest.IsolatedAsyncioTestCase):
    async def test_a_task_of_tokio_and_tasks_of_python_wait_in_one_queue(self):
        lock = awaitlist.Lock()
        await lock.acquire()
        order = []

        async def python():
            async with lock:
                order.append("python")

        async def rust():
            guard = await extension.acquire(lock)
            order.append("rust")
            guard.release()

        tasks = []
        for n, task in enumerate([python, rust, python, rust]):
            tasks.append(asyncio.create_task(task()))
            await until(lambda: len(lock._waiters) == n + 1)
        lock.release()
        await asyncio.gather(*tasks)
        self.assertEqual(order, ["python", "rust", "python", "rust"])
        self.assertFalse(lock.locked())

    async def test_python_does_not_release_what_a_guard_in_rust_holds(self):
        lock = awaitlist.Lock()
        guard = await extension.acquire(lock)
        self.assertTrue(lock.locked())
        with self.assertRaisesRegex(RuntimeError, "Lock is not acquired"):
            lock.release()
        task = asyncio.create_task(lock.acquire())
        await until(lambda: len(lock._waiters) == 1)
        guard.release()
        self.assertIs(await task, True)

    async def test_a_cancelled_task_of_python_drops_what_it_awaits_in_rust(self):
        lock = awaitlist.Lock()
        await lock.acquire()

        async def rust():
            await extension.acquire(lock)

        first = asyncio.create_task(rust())
        await until(lambda: len(lock._waiters) == 1)
        second = asyncio.create_task(lock.acquire())
        await until(lambda: len(lock._waiters) == 2)
        first.cancel()
        await until(lambda: len(lock._waiters) == 1)
        lock.release()
        self.assertIs(await second, True)
        self.assertTrue(first.cancelled())

    async def test_a_task_of_tokio_notifies_a_task_of_python_and_the_reverse(self):
        condition = awaitlist.Condition()

        async def python():
            async with condition:
                return await condition.wait()

        async def rust():
            await extension.wait(condition)

        for wait in (python, rust):
            task = asyncio.create_task(wait())
            await until(lambda: len(condition._waiters) == 1 and not condition.locked())
            if wait is python:
                self.assertEqual(await extension.notify(condition), 1)
            else:
                async with condition:
                    condition.notify_all()
            await task
        self.assertFalse(condition.locked())

    async def test_a_thread_that_blocks_in_rust_is_released_by_a_task_of_python(self):
        event = awaitlist.Event()
        thread = threading.Thread(target=extension.block, args=(event,))
        thread.start()
        await until(lambda: len(event._waiters) == 1)
        event.set()
        await asyncio.to_thread(thread.join)

    async def test_rust_hands_its_own_primitives_to_python(self):
        own = extension.Primitives()
        lock, again = own.lock, own.lock
        await lock.acquire()
        self.assertTrue(again.locked())
        again.release()
        self.assertFalse(lock.locked())
        named = (own.lock, own.event, own.condition, own.semaphore, own.bounded, own.barrier)
        self.assertTrue(own.are(*named))
        async with own.condition:
            self.assertTrue(lock.locked())
        await own.bounded.acquire()
        self.assertEqual((own.bounded._value, own.bounded._bound_value), (1, 2))
        own.bounded.release()
        with self.assertRaisesRegex(ValueError, "released too many times"):
            own.bounded.release()
        indices = await asyncio.gather(own.barrier.wait(), own.barrier.wait())
        self.assertEqual(sorted(indices), [0, 1])
        del lock, again, named
        gc.collect()
        # The condition owns the lock, too.
        counts = {"event": 1, "condition": 1, "semaphore": 1, "bounded": 1, "barrier": 1, "lock": 2}
        self.assertEqual(own.owners(), counts)

    async def test_two_builds_cannot_share_a_primitive_and_the_error_says_so(self):
        foreign = [
            (extension.acquire, wheel.Lock()),
            (extension.notify, wheel.Condition()),
            (extension.block, wheel.Event()),
        ]
        for function, primitive in foreign:
            with self.subTest(function=function.__name__):
                with self.assertRaisesRegex(TypeError, "belongs to another build of awaitlist"):
                    function(primitive)
        with self.assertRaisesRegex(TypeError, "needs an awaitlist.Lock"):
            wheel.Condition(awaitlist.Lock())
        with self.assertRaisesRegex(TypeError, "expected a primitive of awaitlist, not asyncio"):
            extension.acquire(asyncio.Lock())

    async def test_the_two_builds_work_beside_each_other(self):
        for one in (wheel, awaitlist):
            lock = one.Lock()
            async with lock:
                self.assertTrue(lock.locked())


class EndTests(unittest.TestCase):
    def run_program(self, program):
        done = subprocess.run(
            # 3.12 and later warn of a fork while there are threads.
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", IMPORT + program],
            capture_output=True,
            text=True,
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "end\n", ""))

    def test_the_interpreter_ends_while_tasks_of_tokio_wait(self):
        self.run_program("""
event, lock = extension.awaitlist.Event(), extension.awaitlist.Lock()
for _ in range(100):
    extension.detach_wait(event, lock)
while len(event._waiters) < 100:
    pass
event.set()
print("end")
""")

    def test_the_interpreter_ends_while_a_task_of_python_awaits_tokio(self):
        self.run_program("""
import asyncio
lock = extension.awaitlist.Lock()
async def main():
    guard = await extension.acquire(lock)
    async def wait():
        await extension.acquire(lock)
    task = asyncio.create_task(wait())
    while not lock._waiters:
        await asyncio.sleep(0)
    return guard, task
loop = asyncio.new_event_loop()
guard, task = loop.run_until_complete(main())
task._log_destroy_pending = False
guard.release()
print("end")
""")

    def test_a_loop_is_closed_while_a_task_of_tokio_is_about_to_wake_it(self):
        self.run_program("""
import asyncio, sys
lock = extension.awaitlist.Lock()
loop = asyncio.new_event_loop()
async def main():
    guard = await extension.acquire(lock)
    task = asyncio.create_task(lock.acquire())
    while not lock._waiters:
        await asyncio.sleep(0)
    return guard, task
guard, task = loop.run_until_complete(main())
task._log_destroy_pending = False
loop.close()
reported = []
sys.unraisablehook = reported.append
guard.release()
assert "closed" in str(reported[0].exc_value), reported
assert not lock.locked()
print("end")
""")

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_what_a_guard_in_rust_holds_at_a_fork_is_an_error_in_the_child(self):
        self.run_program("""
import asyncio, os
lock = extension.awaitlist.Lock(shared=True)
async def main():
    return await extension.acquire(lock)
guard = asyncio.run(main())
child = os.fork()
if child == 0:
    try:
        asyncio.run(lock.acquire())
    except RuntimeError as error:
        os._exit(7 if "forked" in str(error) else 1)
    os._exit(2)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
guard.release()
assert asyncio.run(lock.acquire())
print("end")
""")

    def test_a_sub_interpreter_cannot_import_an_extension_with_the_module(self):
        try:
            import _interpreters
        except ImportError:
            self.skipTest("needs Python 3.13")
        interpreter = _interpreters.create()
        try:
            outcome = _interpreters.exec(interpreter, "import awaitlist_test_extension")
        finally:
            _interpreters.destroy(interpreter)
        self.assertIn("subinterpreters", outcome.formatted)


if __name__ == "__main__":
    unittest.main()
