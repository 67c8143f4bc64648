"""How single values are written: exact decimals, instants, money, identifiers; each with its canonical form."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Kind = Literal["text", "integer", "float", "boolean", "null", "timestamp", "ambiguous"]

NANOSECONDS = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(2262, 4, 11, tzinfo=UTC)  # the last whole day that signed 64-bit nanoseconds can hold
LARGEST_AMOUNT = Decimal(17_014_118_346_046)  # what NautilusTrader's Money can hold

DECIMAL_PATTERN = r"^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$"
TIMESTAMP_PATTERN = (
    r"^(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([Tt ](?P<clock>[0-9]{2}:[0-9]{2}(:[0-9]{2})?)(\.(?P<fraction>[0-9]{1,9}))? ?(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?$"
)
MONEY_PATTERN = r"^(0|[1-9][0-9]{0,19})(\.[0-9]{1,16})? +[A-Z][A-Z0-9]{1,11}$"
CURRENCY_PATTERN = r"^[A-Z][A-Z0-9]{1,11}$"
VENUE_PATTERN = r"^[A-Z][A-Z0-9_-]*$"
INSTRUMENT_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9/_:.-]*\.[A-Z][A-Z0-9_-]*$"
DATASET_ID_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,99}$"
NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
CLASS_PATH_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"
ENVIRONMENT_NAME_PATTERN = r"^[A-Z_][A-Z0-9_]{0,99}$"
TRADER_ID_PATTERN = r"^[A-Z][A-Z0-9]{0,15}-[0-9]{3}$"
LONGEST_LINE = 200
LINE_PATTERN = rf"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f\u2028\u2029]{{0,{LONGEST_LINE - 1}}}$"
RELATIVE_FILE_PATTERN = r"^[^/~].{0,999}$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"
SECONDS_PATTERN = r"^(0|[1-9][0-9]{0,7})(\.[0-9]{1,9})?$"
ENDS = ("detected", "end")
UNTIL_PATTERN = rf"^({'|'.join(ENDS)})$|{SECONDS_PATTERN}"
TIME_OF_DAY_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
END_OF_DAY_PATTERN = rf"{TIME_OF_DAY_PATTERN}|^24:00$"
BCRYPT_PATTERN = r"^\$2[abxy]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}$"
HEADER_VALUE_PATTERN = r"^[!-~]([ -~]*[!-~])?$"
LONGEST_SECONDS = Decimal(31_622_400)  # a leap year


class Grammar(Struct, frozen=True):
    """How one kind of value is written in a document.

    Parameters
    ----------
    expected
        What a reader is told was expected.
    canonical
        Returns the one stored spelling of a text that fits; raises ValueError, saying why, for one that does not.
    accepts
        Kinds of YAML scalars that are taken besides text, because their digits are still those that were written.
    is_shown
        Whether a text that does not fit is shown to the reader: not where it may be a secret, written in the place of its name.
    words
        Words that are taken; the nearest to a mistyped one is suggested.

    """

    expected: str
    canonical: Callable[[str], str]
    accepts: frozenset[Kind] = frozenset()
    is_shown: bool = True
    words: tuple[str, ...] = ()


def decimal_text(text: str) -> str:
    """Return the canonical spelling of an exact decimal: no trailing zeros, no exponent, no negative zero."""
    if re.fullmatch(DECIMAL_PATTERN, text) is None:
        raise ValueError("")
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if not fraction:
        return "0" if whole == "-0" else whole
    return f"{whole}.{fraction}"


def timestamp_text(text: str) -> str:
    """Return an ISO 8601 instant as ``2023-04-01T00:00:00[.fraction]Z``; one without a zone is UTC, a date is its midnight."""
    return format_instant(instant_ns(text))


def instant_ns(text: str) -> int:
    """Return an ISO 8601 instant as nanoseconds since the epoch; raises ValueError, saying why, for what is none."""
    match = re.fullmatch(TIMESTAMP_PATTERN, text)
    if match is None:
        raise ValueError("")
    try:
        instant = datetime.fromisoformat(f"{match['date']}T{match['clock'] or '00:00'}+00:00") - _offset(match["zone"])
    except (ValueError, OverflowError) as error:
        raise ValueError("there is no such day or time") from error
    if not EPOCH <= instant <= LAST_INSTANT:
        raise ValueError(f"it must lie between {EPOCH:%Y-%m-%d} and {LAST_INSTANT:%Y-%m-%d}")
    fraction_ns = int((match["fraction"] or "").ljust(9, "0"))
    return (instant - EPOCH) // timedelta(seconds=1) * NANOSECONDS + fraction_ns


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone in "Zz":
        return timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - a clock's own limits
        raise ValueError
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def format_instant(at_ns: int) -> str:
    """Return nanoseconds since the epoch in the canonical spelling of an instant."""
    seconds, fraction_ns = divmod(at_ns, NANOSECONDS)
    text = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{fraction_ns:09d}".rstrip("0") if fraction_ns else ""
    return f"{text}{fraction}Z"


def money_text(text: str) -> str:
    """Return a positive ``AMOUNT CURRENCY`` with its amount in canonical spelling."""
    if re.fullmatch(MONEY_PATTERN, text) is None:
        raise ValueError("")
    amount, _, currency = text.partition(" ")
    amount = decimal_text(amount)
    if not 0 < Decimal(amount) <= LARGEST_AMOUNT:
        raise ValueError(f"the amount must be above 0 and at most {LARGEST_AMOUNT}")
    return f"{amount} {currency.strip()}"


def seconds_text(text: str) -> str:
    """Return the canonical spelling of a span of seconds, which is a whole number of nanoseconds."""
    if re.fullmatch(SECONDS_PATTERN, text) is None or not 0 < Decimal(text) <= LONGEST_SECONDS:
        raise ValueError("")
    return decimal_text(text)


def seconds_from_zero_text(text: str) -> str:
    """Return the canonical spelling of a span of seconds that may be nothing."""
    return "0" if re.fullmatch(r"0(\.0{1,9})?", text) else seconds_text(text)


def until_text(text: str) -> str:
    """Return a word for an end, or the canonical spelling of a span of seconds."""
    return text if text in ENDS else seconds_text(text)


def seconds_ns(text: str) -> int:
    """Return a span of seconds in nanoseconds."""
    return int(Decimal(text).scaleb(9))


def time_of_day_ns(text: str) -> int:
    """Return ``HH:MM`` as nanoseconds since midnight."""
    hours, _, minutes = text.partition(":")
    return (int(hours) * 60 + int(minutes)) * 60 * NANOSECONDS


def _decimal(*, least: str | None = None, above: str | None = None, most: str | None = None) -> Meta:
    """Return the annotation of an exact decimal within bounds."""
    bounds = [f"{word} {bound}" for word, bound in (("at least", least), ("above", above), ("at most", most)) if bound]
    limits = " and ".join(bounds)

    def canonical(text: str) -> str:
        spelled = decimal_text(text)
        number = Decimal(spelled)
        if (
            (least is not None and number < Decimal(least))
            or (above is not None and number <= Decimal(above))
            or (most is not None and number > Decimal(most))
        ):
            raise ValueError("")
        return spelled

    expected = 'a decimal in quotes, such as "0.0002"' + (f", {limits}" if limits else "")
    return Meta(
        pattern=DECIMAL_PATTERN,
        extra={"grammar": Grammar(expected, canonical, accepts=frozenset({"integer"}))},
        extra_json_schema={"format": "decimal"},
    )


def _matching(pattern: str, expected: str, *, is_shown: bool = True) -> Meta:
    """Return the annotation of a text that is its own canonical spelling when it fits the pattern."""

    def canonical(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError("")
        return text

    return Meta(pattern=pattern, extra={"grammar": Grammar(expected, canonical, is_shown=is_shown)})


AnyDecimal = Annotated[str, _decimal()]
PositiveDecimal = Annotated[str, _decimal(above="0")]
NonNegativeDecimal = Annotated[str, _decimal(least="0")]
Leverage = Annotated[str, _decimal(least="1")]
Rate = Annotated[str, _decimal(least="-1", most="1")]
Fraction = Annotated[str, _decimal(above="0", most="1")]
Seconds = Annotated[
    str,
    Meta(
        pattern=SECONDS_PATTERN,
        extra={
            "grammar": Grammar(
                f'seconds, such as 60 or "0.5", above 0 and at most {LONGEST_SECONDS}',
                seconds_text,
                accepts=frozenset({"integer"}),
            ),
        },
        extra_json_schema={"format": "decimal"},
    ),
]
SecondsFromZero = Annotated[
    str,
    Meta(
        pattern=SECONDS_PATTERN,
        extra={
            "grammar": Grammar(
                f'seconds, such as 5 or "0.5", from 0 to {LONGEST_SECONDS}',
                seconds_from_zero_text,
                accepts=frozenset({"integer"}),
            ),
        },
        extra_json_schema={"format": "decimal"},
    ),
]
Until = Annotated[
    str,
    Meta(
        pattern=UNTIL_PATTERN,
        extra={
            "grammar": Grammar(
                f"'detected', 'end', or seconds, such as 5 or \"0.5\", above 0 and at most {LONGEST_SECONDS}",
                until_text,
                accepts=frozenset({"integer"}),
                words=ENDS,
            ),
        },
        extra_json_schema={"format": "decimal-or-word"},
    ),
]
TimeOfDay = Annotated[str, _matching(TIME_OF_DAY_PATTERN, 'a time of day in UTC, such as "08:00"')]
EndOfDay = Annotated[str, _matching(END_OF_DAY_PATTERN, 'a time of day in UTC, such as "16:30", or "24:00"')]
Instant = Annotated[
    str,
    Meta(
        pattern=re.sub(r"\?P<[a-z]+>", "", TIMESTAMP_PATTERN),
        extra={
            "grammar": Grammar(
                "an ISO 8601 instant in UTC, such as 2023-04-01 or 2023-04-01T12:00:00Z",
                timestamp_text,
                accepts=frozenset({"timestamp"}),
            ),
        },
    ),
]
Money = Annotated[
    str,
    Meta(pattern=MONEY_PATTERN, extra={"grammar": Grammar('"AMOUNT CURRENCY", such as "100000 USDT"', money_text)}),
]
CurrencyCode = Annotated[str, _matching(CURRENCY_PATTERN, "a currency code in capitals, such as USDT")]
VenueName = Annotated[str, _matching(VENUE_PATTERN, "a venue in capitals, such as BINANCE")]
InstrumentId = Annotated[str, _matching(INSTRUMENT_ID_PATTERN, "SYMBOL.VENUE, such as BTCUSDT-PERP.BINANCE")]
DatasetId = Annotated[str, _matching(DATASET_ID_PATTERN, "the id of a dataset, such as btcusdt-1m-sample")]
RunName = Annotated[str, _matching(NAME_PATTERN, "lower-case letters, digits and hyphens, at most 63, such as my-first-run")]
ClassPath = Annotated[str, _matching(CLASS_PATH_PATTERN, '"module:Class", such as "my_package.my_strategy:MyStrategy"')]
Sha256 = Annotated[str, _matching(SHA256_PATTERN, "a SHA-256 in 64 lower-case hexadecimal digits")]
Speed = Annotated[str, _decimal(above="0", most="1000")]
EnvironmentName = Annotated[
    str,
    _matching(
        ENVIRONMENT_NAME_PATTERN, "the name of an environment variable in capitals, such as TC_VENUE_API_KEY", is_shown=False
    ),
]
TraderId = Annotated[str, _matching(TRADER_ID_PATTERN, "capitals and digits, a hyphen and three digits, such as TC-001")]
Line = Annotated[str, _matching(LINE_PATTERN, f"one line of at most {LONGEST_LINE} characters")]
RelativeFile = Annotated[str, _matching(RELATIVE_FILE_PATTERN, "a file relative to the folder of this document")]
BcryptHash = Annotated[
    str, _matching(BCRYPT_PATTERN, "a bcrypt hash, as `htpasswd -nBC 10 NAME` prints it after the colon", is_shown=False)
]
HeaderValue = Annotated[str, _matching(HEADER_VALUE_PATTERN, "a header's value in printable ASCII")]
