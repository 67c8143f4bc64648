"""Requests for the account: balances, positions, settings, and the key of the user data stream."""

from tc.venue.protocol import account as documents
from tc.venue.protocol import exchange_info
from tc.venue.protocol.params import Params
from tc.venue.protocol.problems import ApiError, malformed, missing
from tc.venue.requests import reading
from tc.venue.requests.reply import Reply
from tc.venue.venue import Venue


def account_v2(venue: Venue, _params: Params, _now_ns: int) -> Reply:
    """GET v2/account."""
    return Reply(documents.account_document(venue.exchange.account(), venue.exchange.rules))


def account_v3(venue: Venue, _params: Params, _now_ns: int) -> Reply:
    """GET v3/account."""
    return Reply(documents.account_document_v3(venue.exchange.account(), venue.exchange.rules))


def balance(venue: Venue, _params: Params, _now_ns: int) -> Reply:
    """GET v2/balance and v3/balance."""
    return Reply([documents.balance_document(each) for each in venue.exchange.account().balances])


def positions_v2(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET v2/positionRisk: flat ones too."""
    chosen = reading.chosen_symbols(venue, params)
    return Reply([documents.position_document_v2(rules, venue.exchange.position(rules.symbol)) for rules in chosen])


def positions_v3(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET v3/positionRisk: only symbols with a position or an open order."""
    found = [(rules, venue.exchange.position(rules.symbol)) for rules in reading.chosen_symbols(venue, params)]
    return Reply([documents.position_document(rules, each) for rules, each in found if documents.is_in_use(each)])


def position_mode(_venue: Venue, _params: Params, _now_ns: int) -> Reply:
    """GET positionSide/dual: always one-way."""
    return Reply({"dualSidePosition": False})


def set_position_mode(_venue: Venue, params: Params, _now_ns: int) -> Reply:
    """POST positionSide/dual: there is nothing to change."""
    if params.flag("dualSidePosition"):
        raise malformed("dualSidePosition")
    raise ApiError(-4059, "No need to change position side.")


def multi_assets_mode(_venue: Venue, _params: Params, _now_ns: int) -> Reply:
    """GET multiAssetsMargin: always one asset."""
    return Reply({"multiAssetsMargin": False})


def set_leverage(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """POST leverage."""
    rules, leverage = reading.rules_of(venue, params), params.integer("leverage")
    if leverage is None:
        raise missing("leverage")
    venue.exchange.set_leverage(rules.symbol, leverage)
    return Reply({"leverage": leverage, "maxNotionalValue": documents.LARGEST_NOTIONAL, "symbol": rules.symbol})


def set_margin_type(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """POST marginType: always cross margin."""
    reading.rules_of(venue, params)
    if params.choice("marginType", ("ISOLATED", "CROSSED")) != "CROSSED":
        raise malformed("marginType")
    raise ApiError(-4046, "No need to change margin type.")


def symbol_config(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET symbolConfig."""
    chosen = reading.chosen_symbols(venue, params)
    return Reply([exchange_info.config_document(rules, venue.exchange.position(rules.symbol).leverage) for rules in chosen])


def commission(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET commissionRate."""
    return Reply(exchange_info.commission_document(reading.rules_of(venue, params)))


def brackets(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET leverageBracket."""
    return Reply([exchange_info.bracket_document(rules) for rules in reading.chosen_symbols(venue, params)])


def open_stream(venue: Venue, _params: Params, _now_ns: int) -> Reply:
    """POST listenKey."""
    return Reply({"listenKey": venue.listen_keys.give(venue.clock.now_ns())})


def keep_stream(venue: Venue, _params: Params, _now_ns: int) -> Reply:
    """PUT listenKey."""
    return Reply({"listenKey": venue.listen_keys.keep_alive(venue.clock.now_ns())})


def close_stream(venue: Venue, _params: Params, _now_ns: int) -> Reply:
    """DELETE listenKey."""
    venue.listen_keys.close()
    return Reply({})
