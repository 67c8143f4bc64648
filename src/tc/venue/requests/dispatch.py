"""What happens to a request, in order: counted, judged, done, kept, and only then told and answered."""

from dataclasses import dataclass, field

from tc.venue.keeping import RequestRow
from tc.venue.market.messages import encode
from tc.venue.matching import Fact, Refused
from tc.venue.protocol.access import Security
from tc.venue.protocol.amounts import milliseconds
from tc.venue.protocol.params import Params
from tc.venue.protocol.problems import ApiError, unknown_path
from tc.venue.requests import broken
from tc.venue.requests.endpoints import ENDPOINTS, Endpoint
from tc.venue.requests.reply import Reply
from tc.venue.venue import Venue

_CLIENT_IDS = ("newClientOrderId", "origClientOrderId", "clientAlgoId", "origClientOrderIdList", "batchOrders")
_ALWAYS = {"Content-Type": "application/json;charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; query and body raw."""

    method: str
    path: str
    query: str
    body: str
    api_key: str | None

    @property
    def places_orders(self) -> bool:
        """Tell whether it asks for new orders."""
        return self.method == "POST" and self.path.rpartition("/")[2] in {"order", "algoOrder", "batchOrders"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def answer(venue: Venue, asked: Asked, failure: ApiError | None = None) -> Answer:
    """Do what is asked, and return the answer; `failure` is one that is answered instead of anything else."""
    now_ns = venue.now_ns()
    endpoint = ENDPOINTS.get((asked.method, asked.path))
    facts: tuple[Fact, ...] = ()
    extra: dict[str, str] = {}
    try:
        if failure is not None:
            raise failure
        reply = _do(venue, asked, endpoint, now_ns)
        status, document, code, facts = 200, reply.document, 0, tuple(reply.facts)
    except Refused as refused:
        status, document, code = 400, {"code": refused.code, "msg": refused.message}, refused.code
    except ApiError as error:
        status, document, code, extra = error.status, error.document(), error.code, error.headers
    row = RequestRow(now_ns, asked.method, asked.path, _client_id(asked), status, code)
    venue.finish(facts, row)
    told = venue.limits.headers(now_ns, with_orders=endpoint is not None and endpoint.orders is not None)
    return Answer(status, encode(document), _ALWAYS | told | extra)


def _do(venue: Venue, asked: Asked, endpoint: Endpoint | None, now_ns: int) -> Reply:
    broken.check_open(venue, now_ns)
    if endpoint is None:
        venue.limits.take_weight(1, now_ns)
        raise unknown_path(asked.method, asked.path)
    params = Params.read(asked.query, asked.body)
    venue.limits.take_weight(endpoint.weight_of(params), now_ns)
    if endpoint.security is not Security.NONE:
        venue.access.check_key(asked.api_key)
        broken.check_account(venue, asked.method, endpoint.security)
    if endpoint.security is Security.SIGNED:
        venue.access.check_signature(params, asked.query, asked.body, milliseconds(now_ns))
        if venue.faults.skew_ns:
            venue.faults.bite("clock_skew")
    params.require(endpoint.mandatory, endpoint.optional)
    if endpoint.orders is not None:
        venue.limits.take_orders(endpoint.orders(params), now_ns)
    rejection = venue.faults.take(("reject_orders",), asked.method, asked.path, is_order=asked.places_orders)
    if rejection is not None:
        raise ApiError(rejection.code, rejection.message)
    return endpoint.handle(venue, params, now_ns)


def _client_id(asked: Asked) -> str:
    """Return what a request calls its order, for the request log; whatever was sent, cut short."""
    try:
        values = Params.read(asked.query, asked.body).values
    except ApiError:
        return ""
    return next((values[name] for name in _CLIENT_IDS if values.get(name)), "")[:200]
