"""Followers of one log: one reader for all, nobody held up, every line once, over cuts and other servers."""

import asyncio
import json
from contextlib import aclosing
from datetime import timedelta
from random import Random

import pytest
from macropod_server.api.log_broadcast import MOST_WAITING_BYTES
from macropod_server.api.log_events import Wanted
from macropod_server.api.log_follow import Following, FollowResponse, broadcasts
from macropod_server.domain.lines import Stream
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.start_run import start_runs
from macropod_server.logstore.base import LogStoreUnavailable
from macropod_server.logstore.chunks import open_log_store
from macropod_server.signals import Signals

from tests.batches import NOON, batch
from tests.builders import make_task, runs_of

PATIENCE_SECONDS = 30


class CountingStore:
    """Counts readings; `is_away` makes them fail."""

    def __init__(self, store):
        self._store, self.reads, self.is_away = store, 0, False

    def __getattr__(self, name):
        return getattr(self._store, name)

    def read(self, run_id, **within):
        if self.is_away:
            raise LogStoreUnavailable("The log store does not answer. Try again later.")
        self.reads += 1
        return self._store.read(run_id, **within)


@pytest.fixture
def store(deps):
    counting = CountingStore(deps.logs)
    object.__setattr__(deps, "logs", counting)
    return counting


@pytest.fixture
def run(deps, store):
    task = make_task(deps)
    start_runs(deps)
    return runs_of(deps, task)[0]


def printed(deps, run, count, *, text="line", stream=Stream.STDOUT):
    first = deps.logs.expected(run.id)
    texts = [f"{text} {number}" for number in range(first, first + count)]
    deps.logs.append(run.id, first=first, batch=batch(*texts, at=NOON + timedelta(seconds=first), stream=stream))
    deps.signals.ring(run.id)


def end(deps, run):
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())


class Listener:
    """Follows as a connection does, and notes what it was told."""

    def __init__(self, deps, shared, run, *, after=0, stream=None):
        self.numbers, self.last_word, self.place = [], None, after
        self._events = Following(deps, shared, run.id, Wanted(stream), after=after).events()

    async def take(self):
        """Until the next event that is more than a sign of life; False after the last."""
        async for event in self._events:
            fields = dict(line.split(": ", 1) for line in event.strip().splitlines() if not line.startswith(":"))
            if fields.get("event") == "lines":
                self.numbers += [line["number"] for line in json.loads(fields["data"])]
            elif fields:
                self.last_word = fields["event"]
            if fields:
                self.place = int(fields.get("id", self.place))
                return True
        return False

    async def take_until(self, number):
        while self.place < number:
            assert await self.take()

    async def take_all(self):
        async with aclosing(self._events):
            while await self.take():
                pass
        return self

    async def leave(self):
        await self._events.aclose()


def played(story):
    asyncio.run(asyncio.wait_for(story, PATIENCE_SECONDS))


def test_a_hundred_followers_at_the_head_cost_one_reading(deps, store, run):
    async def story():
        shared = broadcasts(deps)
        printed(deps, run, 5)
        listeners = [Listener(deps, shared, run) for _ in range(100)]
        await asyncio.gather(*(each.take_until(5) for each in listeners))
        waiting = [asyncio.ensure_future(each.take_until(45)) for each in listeners]
        await asyncio.sleep(0.3)
        before = store.reads
        for _ in range(4):
            printed(deps, run, 10)
            await asyncio.sleep(0.1)
        await asyncio.gather(*waiting)
        assert store.reads - before < 40, "four batches to a hundred would be four hundred"
        end(deps, run)
        await asyncio.gather(*(each.take_all() for each in listeners))
        assert all(each.numbers == [*range(1, 46)] and each.last_word == "end" for each in listeners)

    played(story())


def test_a_few_lines_just_stored_here_are_handed_on_and_not_read_back(deps, store, run):
    async def story():
        printed(deps, run, 5)
        listener = Listener(deps, broadcasts(deps), run)
        await listener.take_until(5)
        waiting = asyncio.ensure_future(listener.take_until(45))
        await asyncio.sleep(0.3)
        before = store.reads
        for first in range(6, 46, 4):
            texts = [f"line {number}" for number in range(first, first + 4)]
            await asyncio.to_thread(deps.logs.append, run.id, first=first, batch=batch(*texts))
            await asyncio.sleep(0.01)
        await waiting
        assert store.reads - before <= 4, "ten batches would be ten readings; it looks by itself now and then"
        end(deps, run)
        await listener.take_all()
        assert listener.numbers == [*range(1, 46)]

    played(story())


def test_lines_of_another_server_before_those_stored_here_are_read_first(deps, run):
    elsewhere = open_log_store(deps.settings.resolved_logs_url)

    async def story():
        printed(deps, run, 1)
        listener = Listener(deps, broadcasts(deps), run)
        await listener.take_until(1)
        waiting = asyncio.ensure_future(listener.take_until(40))
        await asyncio.sleep(0.1)
        for first in range(2, 41, 3):
            elsewhere.append(run.id, first=first, batch=batch("there", "there too"))
            deps.logs.append(run.id, first=first + 2, batch=batch("here"))
            await asyncio.sleep(0.01)
        await waiting
        end(deps, run)
        await listener.take_all()
        assert listener.numbers == [*range(1, 41)]

    played(story())
    elsewhere.close()


def test_who_is_behind_reads_for_itself_and_then_joins_the_others(deps, run):
    async def story():
        shared = broadcasts(deps)
        printed(deps, run, 2500)
        first = Listener(deps, shared, run, after=2500)
        taking = asyncio.ensure_future(first.take())
        await asyncio.sleep(0.2)
        late, only_errors = Listener(deps, shared, run), Listener(deps, shared, run, stream=Stream.STDERR)
        await late.take()
        printed(deps, run, 10, stream=Stream.STDERR)
        await taking
        end(deps, run)
        await asyncio.gather(*(each.take_all() for each in (first, late, only_errors)))
        assert first.numbers == only_errors.numbers == [*range(2501, 2511)]
        assert late.numbers == [*range(1, 2511)]

    played(story())


def test_a_slow_follower_is_let_go_with_a_place_to_go_on_and_holds_nobody_up(deps, run):
    async def story():
        shared = broadcasts(deps)
        printed(deps, run, 1)
        slow, fast = Listener(deps, shared, run), Listener(deps, shared, run)
        await asyncio.gather(slow.take(), fast.take())
        taking = asyncio.ensure_future(slow.take())
        for number in range(2, 12):
            printed(deps, run, 1, text="x" * (MOST_WAITING_BYTES // 4))
            await fast.take_until(number)
        await taking
        await slow.take_all()
        assert (slow.last_word, slow.numbers, slow.place) == ("pause", [1, 2], 2)
        end(deps, run)
        again = Listener(deps, shared, run, after=slow.place)
        await asyncio.gather(again.take_all(), fast.take_all())
        assert again.numbers == [*range(3, 12)]
        assert fast.numbers == [*range(1, 12)]

    played(story())


@pytest.mark.parametrize("seed", range(5))
def test_whenever_followers_come_go_and_come_again_each_gets_every_line_once(deps, run, seed):
    chance = Random(seed)

    async def one(shared):
        numbers = []
        while True:
            listener = Listener(deps, shared, run, after=numbers[-1] if numbers else 0)
            for _ in range(chance.randint(1, 5)):
                await listener.take()
                if listener.last_word:
                    return [*numbers, *listener.numbers]
            await listener.leave()
            numbers += listener.numbers
            await asyncio.sleep(chance.uniform(0, 0.02))

    async def story():
        shared = broadcasts(deps)
        following = asyncio.gather(*(one(shared) for _ in range(5)))
        for _ in range(40):
            await asyncio.to_thread(printed, deps, run, chance.randint(1, 300))
            await asyncio.sleep(chance.uniform(0, 0.01))
        await asyncio.to_thread(end, deps, run)
        stored = deps.logs.expected(run.id)
        assert [*await following] == [[*range(1, stored)]] * 5

    played(story())


def test_lines_that_another_server_stored_come_as_soon_as_it_says_so(deps, run):
    async def story():
        elsewhere = Signals()
        elsewhere.relay = deps.signals.hear
        listener = Listener(deps, broadcasts(deps), run)
        taking = asyncio.ensure_future(listener.take())
        await asyncio.sleep(0.1)
        deps.logs.append(run.id, first=1, batch=batch("from there"))
        elsewhere.ring(run.id)
        await asyncio.wait_for(taking, 0.8)
        await listener.leave()

    played(story())


def test_a_follower_who_asks_for_what_lies_ahead_keeps_nobody_from_the_rest(deps, run):
    async def story():
        shared = broadcasts(deps)
        printed(deps, run, 3)
        ahead, other = Listener(deps, shared, run, after=5), Listener(deps, shared, run)
        taking = asyncio.ensure_future(ahead.take())
        await asyncio.sleep(0.1)
        await other.take_until(3)
        printed(deps, run, 4)
        end(deps, run)
        await taking
        await asyncio.gather(ahead.take_all(), other.take_all())
        assert (ahead.numbers, other.numbers) == ([6, 7], [*range(1, 8)])

    played(story())


@pytest.mark.parametrize("trouble", ["the store is away", "the server ends"])
def test_what_keeps_lines_from_coming_is_a_pause_with_the_place_to_go_on(deps, store, run, trouble):
    async def story():
        printed(deps, run, 3)
        listener = Listener(deps, broadcasts(deps), run)
        await listener.take()
        following = asyncio.ensure_future(listener.take_all())
        await asyncio.sleep(0.1)
        if trouble == "the store is away":
            store.is_away = True
            deps.signals.ring(run.id)
        else:
            deps.signals.close()
        await following
        assert (listener.last_word, listener.place, listener.numbers) == ("pause", 3, [1, 2, 3])

    played(story())


def test_a_connection_that_takes_nothing_is_given_up_and_its_reader_goes(deps, run):
    async def story():
        shared = broadcasts(deps)
        printed(deps, run, 1)

        async def send(message):
            if message["type"] == "http.response.body":
                await asyncio.sleep(PATIENCE_SECONDS)

        events = Following(deps, shared, run.id, Wanted(), after=0).events()
        await FollowResponse(events, longest_send_seconds=0.05).stream_response(send)
        with pytest.raises(StopAsyncIteration):
            await anext(events)

    played(story())
