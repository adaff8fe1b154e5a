"""The cold interview: forty questions in an order drawn from a seed, against the clock, without going back."""

from collections import defaultdict
from collections.abc import Iterable, Set
from datetime import UTC, datetime, timedelta, tzinfo
from math import sqrt
from random import Random
from typing import NamedTuple
from uuid import UUID, uuid4

from lossviz.drill.events import Answered, Event, Grade, Skipped, Started, in_utc, merged, standing
from lossviz.drill.questions import FORTY, SECTIONS

PASS = 25  # of forty
BANDS = ((1, 10), (11, 25), (26, 40))  # losses at all; architecture interviews; what frontier laboratories ask
SLOWEST = 5
TWO_SIDED_95 = 1.959964


def order(seed: int) -> list[int]:
    """The forty in random order: by `random()` alone, which Python promises to keep the same for a seed for ever."""
    random = Random(seed).random
    return sorted(range(1, FORTY + 1), key=lambda _: random())


def begin(seed: int, minutes: float, now: datetime) -> Started:
    """The event that begins an interview, now by this clock alone: what another one stamped ahead gains no time."""
    return Started(id=uuid4(), at=in_utc(now), interview=uuid4(), seed=seed, minutes=minutes)


class Interview(NamedTuple):
    """A cold interview as its events tell it; it can be resumed from them at any time, anywhere."""

    started: Started
    told: tuple[Answered | Skipped, ...]  # in the order asked
    undone: frozenset[UUID] = frozenset()  # those of them that were taken back since

    @property
    def closed(self) -> tuple[Answered | Skipped, ...]:
        """What was told and stands."""
        return tuple(event for event in self.told if event.id not in self.undone)

    @property
    def position(self) -> int:
        """How many questions lie behind: answered, skipped, or passed over by an answer to a later one."""
        return order(self.started.seed).index(_number(self.told[-1])) + 1 if self.told else 0

    @property
    def deadline(self) -> datetime:
        """When the whole interview is over, whatever happens in between."""
        return self.started.at + timedelta(minutes=self.started.minutes)

    @property
    def question_deadline(self) -> datetime:
        """When the present question has had its share of the time; nothing ends then but the learner's calm."""
        shown = self.told[-1].at if self.told else self.started.at
        return min(self.deadline, shown + timedelta(minutes=self.started.minutes) / FORTY)

    def over(self, now: datetime) -> bool:
        """Whether nothing can be answered any more."""
        return in_utc(now) >= self.deadline or self.position == FORTY

    def question(self, now: datetime) -> int | None:
        """The question that is open, or None where the interview is over."""
        return None if self.over(now) else order(self.started.seed)[self.position]

    def takes(self, event: Answered | Skipped) -> bool:
        """Whether an event belongs to the interview now: in time, and to a question that does not lie behind."""
        ahead = {f"q{number}" for number in order(self.started.seed)[self.position :]}
        return event.item in ahead and event.at >= self.started.at and not self.over(event.at)


def interviews(log: Iterable[Event]) -> list[Interview]:
    """The interviews of a log, oldest first.

    An answer counts once, in its turn and in time: what came twice (two tabs), for a question that already lies
    behind, or after the deadline is no part of the interview, though it stays in the log. Where an answer is not yet
    merged, those after it count all the same. Where it was undone, its question was not answered, and does not come
    back: there is no going back. To undo the start takes the whole interview away.
    """
    log = merged(log)
    stands = {event.id for event in standing(log)}
    started: dict[UUID, Started] = {}
    turns: dict[UUID, list[Answered | Skipped]] = defaultdict(list)
    for event in log:
        if isinstance(event, Started):
            started.setdefault(event.interview, event)
        elif isinstance(event, Answered | Skipped) and event.interview:
            turns[event.interview].append(event)
    return [_told(start, turns[start.interview], stands) for start in started.values() if start.id in stands]


def _told(started: Started, turns: Iterable[Answered | Skipped], stands: Set[UUID]) -> Interview:
    interview = Interview(started, ())
    for event in turns:
        if interview.takes(event):
            interview = interview._replace(told=(*interview.told, event))
    return interview._replace(undone=frozenset(event.id for event in interview.told) - stands)


def answers(log: Iterable[Event]) -> list[Answered]:
    """The answers that count, in order: those of practice, and those that their cold interview took.

    What names an interview that did not take it counts nowhere, neither as a review nor in calibration: it came late,
    out of turn or twice, to an item that is not asked there, or the interview was undone. It is not cold, as it was
    given outside the rules; nor is it practice, as no solution was shown after it.
    """
    log = merged(log)
    taken = {event.id for interview in interviews(log) for event in interview.closed}
    stand = (event for event in standing(log) if isinstance(event, Answered))
    return [event for event in stand if not event.interview or event.id in taken]


class Result(NamedTuple):
    """How an interview went. Shares are (right, asked)."""

    interview: UUID
    at: datetime
    right: int
    interval: tuple[float, float]  # Wilson's, 95 %, of the share of forty
    bands: dict[tuple[int, int], tuple[int, int]]
    sections: dict[str, tuple[int, int]]
    slowest: tuple[int, ...]
    weakest: tuple[str, ...]  # sections below the pass mark, the worst first

    @property
    def passed(self) -> bool:
        return self.right >= PASS


def result(interview: Interview) -> Result:
    """The result of an interview. What was skipped or never reached was not answered."""
    rights = {
        _number(event) for event in interview.closed if isinstance(event, Answered) and event.grade > Grade.FORGOT
    }
    sections = {name: _share(rights, *span) for name, span in SECTIONS.items() if span[1] <= FORTY}
    below = [name for name, (right, asked) in sections.items() if right / asked < PASS / FORTY]
    return Result(
        interview=interview.started.interview,
        at=interview.started.at,
        right=len(rights),
        interval=wilson(len(rights), FORTY),
        bands={band: _share(rights, *band) for band in BANDS},
        sections=dict(sections),
        slowest=_slowest(interview),
        weakest=tuple(sorted(below, key=lambda name: sections[name][0] / sections[name][1])),
    )


def ready(results: Iterable[Result], day: tzinfo = UTC) -> bool:
    """Whether the learner is ready: two passes on different days of their calendar.

    One pass says little: who knows 60 % of all such questions passes one interview in 44 of 100 cases, two in 19.
    """
    return len({result.at.astimezone(day).date() for result in results if result.passed}) >= 2


def wilson(right: int, asked: int) -> tuple[float, float]:
    """The 95 % interval of a share, also good near 0 and 1. Wilson 1927; Brown, Cai & DasGupta 2001 recommend it.

    Raises ValueError where nothing was asked, or more was right than asked.
    """
    if not 0 <= right <= asked or not asked:
        raise ValueError(f"a share needs 0 ≤ right ≤ asked and asked ≥ 1; got {right} of {asked}. Count the questions.")
    z2 = TWO_SIDED_95**2
    share = right / asked
    middle = (share + z2 / (2 * asked)) / (1 + z2 / asked)
    half = TWO_SIDED_95 * sqrt(share * (1 - share) / asked + z2 / (4 * asked**2)) / (1 + z2 / asked)
    return max(0.0, middle - half) if right else 0.0, min(1.0, middle + half) if right < asked else 1.0


def _number(event: Answered | Skipped) -> int:
    return int(event.item.removeprefix("q"))


def _share(rights: set[int], first: int, last: int) -> tuple[int, int]:
    return sum(first <= number <= last for number in rights), last - first + 1


def _slowest(interview: Interview) -> tuple[int, ...]:
    """The questions that took longest, by the log's own times: what a browser says about seconds is not needed."""
    asked = order(interview.started.seed)
    told_at = {asked.index(_number(event)): event.at for event in interview.told} | {-1: interview.started.at}
    took = {asked[i]: at - told_at[i - 1] for i, at in told_at.items() if i - 1 in told_at}
    stand = [number for number in map(_number, interview.closed) if number in took]
    return tuple(sorted(stand, key=lambda number: took[number], reverse=True)[:SLOWEST])
