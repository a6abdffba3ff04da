"""The catalogue of tools: what each is for, the JSON schema of its arguments, and what it does.

All of them are pure functions of a :class:`~evalsuite.library.tools.world.World` and their
arguments. What is sent or booked is only confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from evalsuite.library.tools.execution import Function, Run, Value
from evalsuite.library.tools.world import World
from evalsuite.records import Tool

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_DATE: dict[str, Any] = {"type": "string", "description": "YYYY-MM-DD"}
_NUMBERS: dict[str, Any] = {"type": "array", "items": {"type": "number"}, "minItems": 1}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _exact(value: float) -> Fraction:
    # 0.1 means a tenth here, not the nearest binary number.
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day as YYYY-MM-DD") from None


def _lookup(kind: str, table: str, low: int, high: int, per: int = 1) -> Callable[[str], Run]:
    """A run that reads a number of ``table`` for a thing of ``kind``, in units of 1 / ``per``."""

    def of(argument: str) -> Run:
        def run(world: World, **arguments: Any) -> Value:
            thing = world.find(kind, arguments[argument])
            return Fraction(world.number(table, thing, low=low, high=high), per)

        return run

    return of


def _person_of(table: str, kind: str) -> Run:
    return lambda world, **given: world.pick(
        table, world.find(kind, *given.values()), among=world.people
    )


def _city_of(table: str, kind: str) -> Run:
    return lambda world, **given: world.pick(
        table, world.find(kind, *given.values()), among=world.cities
    )


def _email(world: World, name: str) -> str:
    person = world.find("people", name)
    host = world.pick("email", person, among=("north", "south", "east", "west"))
    return f"{person.lower()}@{host}.example"


def _phone(world: World, name: str) -> str:
    number = world.number("phone", world.find("people", name), low=0, high=9999)
    return f"555-{number:04d}"


def _distance(world: World, start: str, end: str) -> int:
    ends = sorted((world.find("cities", start), world.find("cities", end)))
    return 0 if ends[0] == ends[1] else world.number("distance", *ends, low=30, high=900)


def _divide(world: World, value: float, by: float) -> Fraction:
    if by == 0:
        raise ValueError("divide: by must not be 0")
    return _exact(value) / _exact(by)


def _mean(world: World, numbers: list[float]) -> Fraction:
    return sum(map(_exact, numbers), Fraction(0)) / len(numbers)


def _room_of(world: World, title: str) -> str:
    return world.pick("room", world.find("events", title), among=world.rooms)


def _sent(world: World, to: str, subject: str, body: str) -> str:
    return f"sent to {to}"


def _function(
    name: str, description: str, properties: Mapping[str, dict[str, Any]], run: Run
) -> Function:
    parameters = {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
    return Function(Tool(name=name, description=description, parameters=parameters), run)


def _scaled(factor: str) -> Callable[..., Run]:
    return lambda argument: lambda world, **given: _exact(given[argument]) * Fraction(factor)


_NAME, _TITLE = {"name": _TEXT}, {"title": _TEXT}
_CITY, _ROOM, _PRODUCT = {"city": _TEXT}, {"room": _TEXT}, {"product": _TEXT}
_PAIR = {"a": _NUMBER, "b": _NUMBER}

_PEOPLE = (
    _function(
        "get_manager", "Name of a contact's manager.", _NAME, _person_of("manager", "people")
    ),
    _function("get_email", "Email address of a contact.", _NAME, _email),
    _function("get_phone", "Phone number of a contact.", _NAME, _phone),
    _function("get_home_city", "City a contact lives in.", _NAME, _city_of("home", "people")),
    _function(
        "get_birthday",
        "Next birthday of a contact, as YYYY-MM-DD.",
        _NAME,
        lambda world, name: world.day("birthday", world.find("people", name)),
    ),
    _function(
        "get_leave_days",
        "Days of leave a contact has left.",
        _NAME,
        _lookup("people", "leave", 1, 30)("name"),
    ),
    _function(
        "send_email",
        "Send an email.",
        {"to": _TEXT, "subject": _TEXT, "body": _TEXT},
        _sent,
    ),
)
_CALENDAR = (
    _function(
        "get_event_date",
        "Day of an event in the calendar, as YYYY-MM-DD.",
        _TITLE,
        lambda world, title: world.day("event", world.find("events", title)),
    ),
    _function(
        "get_event_minutes",
        "Length of an event in minutes.",
        _TITLE,
        _lookup("events", "minutes", 15, 180)("title"),
    ),
    _function(
        "get_organiser",
        "Name of who organises an event.",
        _TITLE,
        _person_of("organiser", "events"),
    ),
    _function("get_event_room", "Room an event is held in.", _TITLE, _room_of),
    _function(
        "get_guest_count",
        "Number of guests invited to an event.",
        _TITLE,
        _lookup("events", "guests", 2, 60)("title"),
    ),
    _function(
        "get_room_capacity",
        "Number of seats in a room.",
        _ROOM,
        _lookup("rooms", "capacity", 4, 90)("room"),
    ),
    _function(
        "get_room_floor", "Floor a room is on.", _ROOM, _lookup("rooms", "floor", 1, 40)("room")
    ),
    _function(
        "book_room",
        "Book a room for a day.",
        {**_ROOM, "date": _DATE},
        lambda world, room, date: f"{world.find('rooms', room)} booked for {_day(date)}",
    ),
)
_DAYS = (
    _function(
        "days_between",
        "Number of days from one day to another; negative if the end is earlier.",
        {"start": _DATE, "end": _DATE},
        lambda world, start, end: (_day(end) - _day(start)).days,
    ),
    _function(
        "add_days",
        "The day that comes a number of days after another, as YYYY-MM-DD.",
        {"date": _DATE, "days": _WHOLE},
        lambda world, date, days: _day(date) + timedelta(days=int(days)),
    ),
    _function(
        "get_weekday",
        "Weekday of a day, such as Monday.",
        {"date": _DATE},
        lambda world, date: _WEEKDAYS[_day(date).weekday()],
    ),
    _function(
        "get_day_of_year",
        "Number of a day within its year, from 1.",
        {"date": _DATE},
        lambda world, date: _day(date).timetuple().tm_yday,
    ),
)
_PLACES = (
    _function(
        "get_temperature",
        "Temperature in a city now, in degrees Celsius.",
        _CITY,
        _lookup("cities", "temperature", -15, 38)("city"),
    ),
    _function(
        "get_rainfall",
        "Rain in a city today, in millimetres.",
        _CITY,
        _lookup("cities", "rain", 1, 60)("city"),
    ),
    _function(
        "get_wind_speed",
        "Wind speed in a city now, in kilometres per hour.",
        _CITY,
        _lookup("cities", "wind", 2, 95)("city"),
    ),
    _function(
        "get_humidity",
        "Relative humidity in a city now, in percent.",
        _CITY,
        _lookup("cities", "humidity", 20, 99)("city"),
    ),
    _function(
        "get_elevation",
        "Elevation of a city above the sea, in metres.",
        _CITY,
        _lookup("cities", "elevation", 3, 2400)("city"),
    ),
    _function(
        "get_population",
        "Number of people who live in a city.",
        _CITY,
        _lookup("cities", "population", 2_000, 900_000)("city"),
    ),
    _function(
        "get_time_zone",
        "Time zone of a city, in hours ahead of UTC.",
        _CITY,
        _lookup("cities", "zone", -11, 12)("city"),
    ),
    _function(
        "get_distance",
        "Distance between two cities by road, in kilometres.",
        {"start": _TEXT, "end": _TEXT},
        _distance,
    ),
)
_SHOP = (
    _function(
        "get_price",
        "Price of a product, in euros.",
        _PRODUCT,
        _lookup("products", "price", 300, 40_000, per=100)("product"),
    ),
    _function(
        "get_stock",
        "Pieces of a product in stock.",
        _PRODUCT,
        _lookup("products", "stock", 2, 500)("product"),
    ),
    _function(
        "get_weight",
        "Weight of a product, in kilograms.",
        _PRODUCT,
        _lookup("products", "weight", 1, 250, per=10)("product"),
    ),
    _function(
        "get_origin_city",
        "City a product is shipped from.",
        _PRODUCT,
        _city_of("origin", "products"),
    ),
    _function(
        "get_delivery_days",
        "Days it takes to deliver a product.",
        _PRODUCT,
        _lookup("products", "delivery", 1, 45)("product"),
    ),
    _function(
        "place_order",
        "Order pieces of a product.",
        {**_PRODUCT, "pieces": {"type": "integer", "minimum": 1}},
        lambda world, product, pieces: f"{pieces} x {world.find('products', product)} ordered",
    ),
)
_UNITS = (
    _function(
        "celsius_to_fahrenheit",
        "Degrees Celsius in degrees Fahrenheit.",
        {"celsius": _NUMBER},
        lambda world, celsius: _exact(celsius) * Fraction(9, 5) + 32,
    ),
    _function(
        "kilometres_to_miles",
        "Kilometres in miles.",
        {"kilometres": _NUMBER},
        _scaled("0.621371")("kilometres"),
    ),
    _function(
        "kilograms_to_pounds",
        "Kilograms in pounds.",
        {"kilograms": _NUMBER},
        _scaled("2.204623")("kilograms"),
    ),
    _function(
        "metres_to_feet", "Metres in feet.", {"metres": _NUMBER}, _scaled("3.28084")("metres")
    ),
    _function(
        "minutes_to_seconds", "Minutes in seconds.", {"minutes": _NUMBER}, _scaled("60")("minutes")
    ),
)
_ARITHMETIC = (
    _function("add", "a + b", _PAIR, lambda world, a, b: _exact(a) + _exact(b)),
    _function("subtract", "a - b", _PAIR, lambda world, a, b: _exact(a) - _exact(b)),
    _function("multiply", "a * b", _PAIR, lambda world, a, b: _exact(a) * _exact(b)),
    _function("divide", "value / by", {"value": _NUMBER, "by": _NUMBER}, _divide),
    _function(
        "percentage",
        "percent of a value, such as 20 percent of 50.",
        {"percent": _NUMBER, "value": _NUMBER},
        lambda world, percent, value: _exact(percent) * _exact(value) / 100,
    ),
    _function("mean", "Arithmetic mean of numbers.", {"numbers": _NUMBERS}, _mean),
    _function(
        "maximum",
        "Largest of some numbers.",
        {"numbers": _NUMBERS},
        lambda world, numbers: max(map(_exact, numbers)),
    ),
    _function(
        "minimum",
        "Smallest of some numbers.",
        {"numbers": _NUMBERS},
        lambda world, numbers: min(map(_exact, numbers)),
    ),
)

CATALOGUE: Mapping[str, Function] = {
    function.tool.name: function
    for family in (_PEOPLE, _CALENDAR, _DAYS, _PLACES, _SHOP, _UNITS, _ARITHMETIC)
    for function in family
}
"""All tools by name."""
