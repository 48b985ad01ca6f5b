"""Runs CPython's own tests of asyncio, unmodified, with awaitlist's classes in asyncio's place.

Four of the 75 tests of `test_locks` put entries into the private deque `_waiters` or read them.
They cannot pass; every other one must. Prints a line for each file, and fails on any other result.
"""

import sys
import unittest

import awaitlist

# Lock.test_cancel_race reads an entry; the others append mocks.
DEQUE = {
    "LockTests.test_cancel_race",
    "EventTests.test_repr",
    "ConditionTests.test_repr",
    "SemaphoreTests.test_repr",
}
# With waits that leave when the exception arrives: asyncio's newcomer passes cancelled waiters.
LATE = {"LockTests.test_finished_waiter_cancelled"}

EXPECTED = {"test_locks": DEQUE, "test_queues": set()}
# Those that use no lock, or hardly one, show that nothing is disturbed.
MORE = ("test_tasks", "test_taskgroups", "test_timeouts", "test_waitfor", "test_runners")


def run(name, expected):
    suite = unittest.defaultTestLoader.loadTestsFromName(f"test.test_asyncio.{name}")
    result = unittest.TestResult()
    suite.run(result)
    failed = {}
    for test, text in result.failures + result.errors:
        failed[".".join(test.id().split(".")[-2:])] = text
    passed = result.testsRun - len(failed) - len(result.skipped)
    print(f"{name}: {passed} of {result.testsRun} pass, {len(result.skipped)} skipped")
    for test in sorted(failed.keys() - expected):
        print(f"  {test} fails\n{failed[test]}")
    for test in sorted(expected - failed.keys()):
        print(f"  {test} passes, which was not expected")
    return failed.keys() == expected and result.testsRun > 0


def main():
    awaitlist.install()
    more = MORE if "--more" in sys.argv else ()
    good = [run(name, expected) for name, expected in EXPECTED.items()]
    good += [run(name, set()) for name in more]
    awaitlist._awaitlist._leave_late(True)
    good.append(run("test_locks", DEQUE | LATE))
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
