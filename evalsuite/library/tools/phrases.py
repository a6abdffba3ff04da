"""How requests are worded: noun phrases that one call to a tool answers, put into each other.

"the elevation of the city where the manager of Mara lives" is three phrases and three calls, the
result of each an argument of the next. Every phrase ends with its arguments and none that joins
two things stands within another such, so that a request can be read in one way only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Kind = str

QUANTITIES: tuple[Kind, ...] = ("celsius", "km", "kg", "metres", "minutes", "euros", "pieces")
"""Kinds of numbers that arithmetic is done with, each only with its own."""

LITERALS: Mapping[Kind, str] = {
    "celsius": "{} degrees Celsius",
    "km": "{} kilometres",
    "kg": "{} kilograms",
    "metres": "{} metres",
    "minutes": "{} minutes",
    "euros": "{} euros",
    "pieces": "{} pieces",
}
"""How a given number of a kind is written in a request."""

NAMED: Mapping[Kind, str] = {
    "person": "people",
    "event": "events",
    "product": "products",
    "city": "cities",
    "room": "rooms",
}
"""Kinds that are called by a name, and where a world keeps them."""

FRACTIONS: Mapping[int, str] = {
    2: "half",
    3: "a third",
    4: "a quarter",
    5: "a fifth",
    6: "a sixth",
    8: "an eighth",
    10: "a tenth",
}
"""What a number is divided by, in words."""

FRAMES = (
    "What is {}?",
    "Tell me {}.",
    "Find out {}.",
    "I need to know {}.",
    "Please look up {}.",
    "Could you give me {}?",
)


@dataclass(frozen=True)
class Phrase:
    """One call in words.

    Attributes:
        tool: The tool of the catalogue.
        gives: Kind of its result.
        slots: Kinds of what it is about, by the names used in ``wordings``.
        wordings: Noun phrases with a ``{slot}`` each.
        arguments: The tool's arguments, where ``{slot}`` stands for what fills the slot; None
            where the slots are the arguments.
        joins: Whether it has two slots that calls may fill.
    """

    tool: str
    gives: Kind
    slots: Mapping[str, Kind]
    wordings: tuple[str, ...]
    arguments: Mapping[str, Any] | None = None
    joins: bool = False


def _about(tool: str, gives: Kind, argument: str, kind: Kind, *wordings: str) -> Phrase:
    return Phrase(tool, gives, {argument: kind}, wordings)


LOOKUPS: tuple[Phrase, ...] = (
    _about(
        "get_manager",
        "person",
        "name",
        "person",
        "the manager of {name}",
        "the person who manages {name}",
        "the boss of {name}",
    ),
    _about(
        "get_email",
        "email",
        "name",
        "person",
        "the email address of {name}",
        "the address to send an email to {name}",
    ),
    _about("get_phone", "phone", "name", "person", "the phone number of {name}"),
    _about(
        "get_home_city",
        "city",
        "name",
        "person",
        "the home city of {name}",
        "the city that is home to {name}",
        "the town of {name}",
    ),
    _about("get_birthday", "date", "name", "person", "the birthday of {name}"),
    _about(
        "get_leave_days",
        "count of days",
        "name",
        "person",
        "the number of days of leave left for {name}",
        "the leave in days remaining for {name}",
    ),
    _about(
        "get_event_date",
        "date",
        "title",
        "event",
        "the date of the {title}",
        "the day of the {title}",
    ),
    _about(
        "get_event_minutes",
        "minutes",
        "title",
        "event",
        "the length in minutes of the {title}",
        "the duration in minutes of the {title}",
    ),
    _about(
        "get_organiser",
        "person",
        "title",
        "event",
        "the organiser of the {title}",
        "the person in charge of the {title}",
    ),
    _about(
        "get_event_room",
        "room",
        "title",
        "event",
        "the room of the {title}",
        "the room booked for the {title}",
    ),
    _about(
        "get_guest_count",
        "pieces",
        "title",
        "event",
        "the number of guests of the {title}",
        "the number of people invited to the {title}",
    ),
    _about(
        "get_room_capacity",
        "pieces",
        "room",
        "room",
        "the number of seats in the {room}",
        "the capacity of the {room}",
    ),
    _about("get_room_floor", "floor", "room", "room", "the floor of the {room}"),
    _about(
        "get_temperature",
        "celsius",
        "city",
        "city",
        "the temperature in degrees Celsius in {city}",
        "the current degrees Celsius in {city}",
    ),
    _about(
        "get_rainfall",
        "millimetres",
        "city",
        "city",
        "the rainfall in millimetres in {city}",
        "the millimetres of rain today in {city}",
    ),
    _about("get_wind_speed", "km/h", "city", "city", "the wind speed in km/h in {city}"),
    _about("get_humidity", "percent", "city", "city", "the humidity in percent in {city}"),
    _about(
        "get_elevation",
        "metres",
        "city",
        "city",
        "the elevation in metres of {city}",
        "the height in metres above the sea of {city}",
    ),
    _about(
        "get_population",
        "inhabitants",
        "city",
        "city",
        "the population of {city}",
        "the number of inhabitants of {city}",
    ),
    _about(
        "get_price",
        "euros",
        "product",
        "product",
        "the price in euros of the {product}",
        "the cost in euros of the {product}",
    ),
    _about("get_stock", "pieces", "product", "product", "the pieces in stock of the {product}"),
    _about(
        "get_weight",
        "kg",
        "product",
        "product",
        "the weight in kilograms of the {product}",
        "the mass in kilograms of the {product}",
    ),
    _about(
        "get_origin_city",
        "city",
        "product",
        "product",
        "the city of origin of the {product}",
        "the city that ships the {product}",
    ),
    _about(
        "get_delivery_days",
        "count of days",
        "product",
        "product",
        "the delivery time in days of the {product}",
        "the days it takes to deliver the {product}",
    ),
    _about("get_weekday", "weekday", "date", "date", "the weekday of {date}"),
    _about(
        "get_day_of_year",
        "day of the year",
        "date",
        "date",
        "the day of the year, counted from 1, of {date}",
    ),
    Phrase(
        "add_days",
        "date",
        {"days": "count", "date": "date"},
        ("the date {days} days after {date}", "the day {days} days later than {date}"),
    ),
    Phrase(
        "get_distance",
        "km",
        {"start": "city", "end": "city"},
        (
            "the distance in kilometres from {start} to {end}",
            "the kilometres by road between {start} and {end}",
        ),
        joins=True,
    ),
    Phrase(
        "days_between",
        "count of days",
        {"start": "date", "end": "date"},
        ("the number of days from {start} to {end}", "the days that pass from {start} to {end}"),
        joins=True,
    ),
)
CONVERSIONS: tuple[Phrase, ...] = (
    _about(
        "celsius_to_fahrenheit",
        "fahrenheit",
        "celsius",
        "celsius",
        "the value in degrees Fahrenheit of {celsius}",
    ),
    _about(
        "kilometres_to_miles", "miles", "kilometres", "km", "the value in miles of {kilometres}"
    ),
    _about(
        "kilograms_to_pounds", "pounds", "kilograms", "kg", "the value in pounds of {kilograms}"
    ),
    _about("metres_to_feet", "feet", "metres", "metres", "the value in feet of {metres}"),
    _about(
        "minutes_to_seconds", "seconds", "minutes", "minutes", "the value in seconds of {minutes}"
    ),
)


def _arithmetic(kind: Kind) -> tuple[Phrase, ...]:
    pair = {"a": kind, "b": kind}
    numbers = {"numbers": ["{a}", "{b}"]}
    compared = (
        Phrase("subtract", kind, pair, ("what is left of {a} after taking away {b}",), joins=True),
        Phrase("mean", kind, pair, ("the average of {a} and {b}",), numbers, joins=True),
        Phrase("maximum", kind, pair, ("the larger of {a} and {b}",), numbers, joins=True),
        Phrase("minimum", kind, pair, ("the smaller of {a} and {b}",), numbers, joins=True),
    )
    if kind == "celsius":  # twice as warm means nothing
        return compared[1:]
    share = {"percent": "percentage", "value": kind}
    return (
        *compared,
        Phrase(
            "add", kind, pair, ("the sum of {a} and {b}", "the total of {a} and {b}"), joins=True
        ),
        Phrase("multiply", kind, {"b": "count", "a": kind}, ("{b} times {a}",)),
        Phrase("divide", kind, {"by": "fraction", "value": kind}, ("{by} of {value}",)),
        Phrase("percentage", kind, share, ("{percent} percent of {value}",)),
    )


ARITHMETIC: tuple[Phrase, ...] = tuple(
    phrase for kind in QUANTITIES for phrase in _arithmetic(kind)
)
"""What can be done with numbers."""
