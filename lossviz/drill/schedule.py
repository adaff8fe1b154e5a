"""When to ask what again: cards by FSRS, derived from the log of events by replay and never stored.

The same log and the same settings always give the same cards: nothing here draws at random or looks at a clock.
Memory fades by the learner's days, from midnight to midnight, at whatever hour of them the learner studies.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from fsrs import Card as Memory
from fsrs import Rating, Scheduler, State

from lossviz.drill.events import Answered, Event, Grade, in_utc
from lossviz.drill.interview import answers
from lossviz.drill.questions import Question

if TYPE_CHECKING:
    from lossviz.drill.numeric import Template

LOWEST_RETENTION, HIGHEST_RETENTION = 0.70, 0.97  # below, one forgets for fun; above, one only repeats
LONGEST = 36_500  # days
LAST_DAYS = 2  # before the interview: what is weakest comes first, due or not
SITTING = timedelta(minutes=20)  # what falls due this soon is asked in the same sitting, once nothing else is left
LEECH = 4  # times forgotten after it was known
BUTTONS = {2: (Grade.FORGOT, Grade.RIGHT), 4: tuple(Grade)}


@dataclass(frozen=True)
class Settings:
    """What a learner can choose. Raises ValueError outside the ranges."""

    retention: float = 0.90  # the share of due cards that should still be known
    interview: date | None = None  # the day of the real one
    new_per_day: int = 10
    buttons: int = 2
    zone: tzinfo = UTC  # whose midnight ends a day
    cold_counts: bool = False  # whether the learner agrees that answers of cold interviews are reviews too

    def __post_init__(self) -> None:
        if not LOWEST_RETENTION <= self.retention <= HIGHEST_RETENTION:
            rule = f"retention is a share from {LOWEST_RETENTION:.2f} to {HIGHEST_RETENTION:.2f}"
            raise ValueError(f"{rule}; got {self.retention}. Choose one inside; 0.90 is usual.")
        if self.new_per_day < 0:
            raise ValueError(f"new per day is a number ≥ 0; got {self.new_per_day}. 0 means none.")
        if self.buttons not in BUTTONS:
            raise ValueError(f"there are two or four buttons; got {self.buttons}. Pass 2 or 4.")

    def day(self, at: datetime) -> date:
        """The learner's day at a moment. Raises ValueError where that has no time zone."""
        return in_utc(at).astimezone(self.zone).date()

    def days_left(self, at: datetime) -> int | None:
        """Days until the interview, 0 on its day, negative after it; None without one."""
        return (self.interview - self.day(at)).days if self.interview else None


@dataclass(frozen=True)
class Exercise:
    """Something to ask: a question, or a numeric template that belongs to one. Those of one question are siblings."""

    item: str
    section: str
    question: str
    page: str  # the slug of the page that teaches it


@dataclass(frozen=True)
class Card:
    """What is known about a learner's memory of one item."""

    memory: Memory  # as fsrs keeps it, in UTC; never changed, always replaced
    since: datetime  # the first answer
    lapses: int = 0  # times forgotten after it was known


Cards = Mapping[str, Card]


def exercises(questions: Iterable[Question], templates: Iterable["Template"] = ()) -> list[Exercise]:
    """The questions as something to ask, "q7", "m3", each followed by the numeric templates that are its own."""
    numeric: dict[int, list[str]] = defaultdict(list)
    for template in templates:
        numeric[template.questions[0]].append(template.name)
    return [
        Exercise(item, question.section, question.label.lower(), question.page)
        for question in questions
        for item in (question.label.lower(), *numeric[question.id])
    ]


# --- Cards ------------------------------------------------------------------------------------------------------------


def cards(log: Iterable[Event], settings: Settings) -> dict[str, Card]:
    """The card of each item that was ever answered, by replay of the answers that count in the log.

    Pass what has happened (`events.until`): an item that a wrong clock stamped for next year would rest until then.
    """
    replayed: dict[str, Card] = {}
    for event in answers(log):
        if _is_review(event, settings):
            replayed[event.item] = _after(replayed.get(event.item), event, settings)
    return replayed


def reviewed(cards: Cards, event: Answered, settings: Settings) -> dict[str, Card]:
    """The cards after one more answer: what a replay of the whole log gives where the answer counts and is its last.

    After undoing, merging or importing, replay.
    """
    after = {event.item: _after(cards.get(event.item), event, settings)} if _is_review(event, settings) else {}
    return {**cards, **after}


def _is_review(event: Answered, settings: Settings) -> bool:
    return settings.cold_counts or not event.interview


def _after(card: Card | None, event: Answered, settings: Settings) -> Card:
    card = card or _blank(event.item, event.at)
    known = card.memory.state == State.Review
    return Card(
        memory=_graded(card.memory, event.grade, event.at, settings),
        since=card.since,
        lapses=card.lapses + (known and event.grade == Grade.FORGOT),
    )


def _blank(item: str, at: datetime) -> Card:
    """A card before its first answer. Without an id and a due time, fsrs would take both from the clock."""
    return Card(Memory(card_id=crc32(item.encode()), due=at), since=at)


def _graded(memory: Memory, grade: Grade, at: datetime, settings: Settings) -> Memory:
    """What fsrs makes of an answer. For it a clock that went back stands still: fsrs itself would follow it."""
    at = max(in_utc(at), memory.last_review or memory.due)
    left = settings.days_left(at)
    longest = LONGEST if left is None or left < 0 else max(1, left // 2)
    return _scheduler(settings.retention, longest).review_card(_by_days(memory, at, settings), Rating(grade), at)[0]


def _by_days(memory: Memory, at: datetime, settings: Settings) -> Memory:
    """The memory, last answered at this hour of the day on which it was: fsrs counts 24 hours, a learner days."""
    days = timedelta(_days_since(memory, at, settings))
    return replace(memory, last_review=at - days) if memory.last_review else memory


def _days_since(memory: Memory, at: datetime, settings: Settings) -> int:
    """The learner's midnights since the last answer; none where a step of minutes just runs over one."""
    step = memory.state != State.Review and at <= memory.due + SITTING
    return 0 if step else (settings.day(at) - settings.day(memory.last_review or at)).days


@lru_cache(maxsize=512)
def _scheduler(retention: float, longest: int) -> Scheduler:
    return Scheduler(desired_retention=retention, maximum_interval=longest, enable_fuzzing=False)


def intervals(card: Card | None, now: datetime, settings: Settings) -> dict[Grade, timedelta]:
    """For how long each button puts the item away: minutes, or days of the learner's, who is asked from midnight on.

    None is an item that was never answered.
    """
    now = in_utc(now)
    memory = (card or _blank("", now)).memory
    at = max(now, memory.last_review or now)
    return {grade: _graded(memory, grade, at, settings).due - at for grade in BUTTONS[settings.buttons]}


def retrievability(card: Card, now: datetime, settings: Settings) -> float:
    """The chance that the item is still known, by FSRS, from the learner's whole days since the last answer."""
    now = in_utc(now)
    return _scheduler(HIGHEST_RETENTION, LONGEST).get_card_retrievability(_by_days(card.memory, now, settings), now)


# --- What comes next --------------------------------------------------------------------------------------------------


def queue(cards: Cards, exercises: Sequence[Exercise], now: datetime, settings: Settings) -> list[Exercise]:
    """What to ask, in order: what is due, then what is new, then what falls due within this sitting.

    Due comes the longest waiting first; on the last days before the interview everything not yet asked that day,
    the weakest first. New is the day's number from all sections in turn, in each in the order given. Within each of
    the three no two of one section follow each other where that can be avoided, nor two siblings; the answer before
    counts as a neighbour. What was failed and is left alone follows itself.
    """
    now = in_utc(now)
    seen = [it for it in exercises if it.item in cards]
    line = _interleaved(_due(cards, seen, now, settings), last := _last_asked(cards, seen))
    line += _interleaved(_new(cards, exercises, now, settings), line[-1] if line else last)
    soon = [it for it in _soon(cards, seen, now) if it not in line]
    return line + _interleaved(soon, line[-1] if line else last)


def _due(cards: Cards, seen: Sequence[Exercise], now: datetime, settings: Settings) -> list[Exercise]:
    """What is due, the most urgent first."""
    left = settings.days_left(now)
    last_days = left is not None and 0 <= left <= LAST_DAYS
    due = [it for it in seen if _is_due(cards[it.item].memory, now, settings, last_days)]
    due.sort(key=lambda it: cards[it.item].memory.due)
    return sorted(due, key=lambda it: retrievability(cards[it.item], now, settings)) if last_days else due


def _is_due(memory: Memory, now: datetime, settings: Settings, last_days: bool) -> bool:
    """Steps of minutes fall due to the minute; whole days with the learner's midnight, however late it was before."""
    last = memory.last_review or memory.due
    asked, today = settings.day(last), settings.day(now)
    by_day = asked + (memory.due - last) <= today  # days of the calendar: one on which a clock changes has not 24 hours
    return (by_day if memory.state == State.Review else memory.due <= now) or (last_days and asked < today)


def _new(cards: Cards, exercises: Sequence[Exercise], now: datetime, settings: Settings) -> list[Exercise]:
    """What was never asked, up to the day's number: each section is spread evenly over all days, seen or not."""
    of, before = Counter(it.section for it in exercises), defaultdict[str, "count[int]"](count)
    share = {it.item: next(before[it.section]) / of[it.section] for it in exercises}
    new = sorted((it for it in exercises if it.item not in cards), key=lambda it: share[it.item])
    return new[: max(0, settings.new_per_day - _begun_today(cards, now, settings))]


def _soon(cards: Cards, seen: Sequence[Exercise], now: datetime) -> list[Exercise]:
    """What was failed, or is in its first steps, and falls due within this sitting; the earliest first."""
    steps = [it for it in seen if cards[it.item].memory.state != State.Review]
    soon = [it for it in steps if cards[it.item].memory.due <= now + SITTING]
    return sorted(soon, key=lambda it: cards[it.item].memory.due)


def _begun_today(cards: Cards, now: datetime, settings: Settings) -> int:
    return sum(settings.day(card.since) == settings.day(now) for card in cards.values())


def _last_asked(cards: Cards, seen: Iterable[Exercise]) -> Exercise | None:
    return max(seen, key=lambda it: cards[it.item].memory.last_review or cards[it.item].since, default=None)


def _interleaved(line: Iterable[Exercise], before: Exercise | None) -> list[Exercise]:
    """The same exercises with the fewest neighbours of one section, then the fewest siblings, else in their order."""
    rest, mixed = list(line), []
    while rest:
        before = _next(rest, before)
        rest.remove(before)
        mixed.append(before)
    return mixed


def _next(rest: Sequence[Exercise], before: Exercise | None) -> Exercise:
    """The first that keeps the number of clashes at its least; where the two kinds are at odds, that of sections."""
    sections = _clashes([it.section for it in rest], before.section if before else None)
    questions = _clashes([it.question for it in rest], before.question if before else None)
    return min(rest, key=lambda it: (sections[it.section], questions[it.question]))


def _clashes(kinds: Sequence[str], before: str | None) -> dict[str, int]:
    """For each kind that may come next, how many neighbours of one kind no order after it can avoid.

    Whoever has c of n keeps its own apart with the n − c others and, where it did not come just before, one start.
    """
    counts, left = Counter(kinds), len(kinds) - 1
    (first, most), (_, second) = [*counts.most_common(2), ("", 0)][:2]
    return {
        kind: (kind == before) + max(0, 2 * (c - 1) - left, 2 * (second if kind == first else most) - left - 1)
        for kind, c in counts.items()
    }


# --- Leeches ----------------------------------------------------------------------------------------------------------


class Leech(NamedTuple):
    """An item that does not stay: it is never taken out of the queue, its page is worth another visit instead."""

    item: str
    lapses: int
    page: str
    earlier: tuple[Answered, ...]  # the learner's own typed answers, with their grades, the oldest first


def leeches(cards: Cards, log: Iterable[Event], exercises: Iterable[Exercise]) -> list[Leech]:
    """The items forgotten four times or more after they were known, the worst first."""
    typed = [event for event in answers(log) if event.typed]
    found = [
        Leech(it.item, cards[it.item].lapses, it.page, tuple(event for event in typed if event.item == it.item))
        for it in exercises
        if it.item in cards and cards[it.item].lapses >= LEECH
    ]
    return sorted(found, key=lambda leech: -leech.lapses)
