"""Stand-ins for the protocol classes that the worker library fills and reads.

The library receives this module as its `protos`, in place of the classes generated from FunctionRpc.proto of
Azure/azure-functions-language-worker-protobuf, so names and numbers here are those of that file.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum
from typing import ClassVar


class TypedData:
    """Hold one value together with its kind: `TypedData(string="x")`, or nothing at all."""

    def __init__(self, **one: object) -> None:
        self.kind: str | None = next(iter(one), None)
        self.value: object = one.get(self.kind) if self.kind else None
        if self.kind is not None:
            # The library reads the value by its kind, and probes for other names: those must stay missing.
            setattr(self, self.kind, self.value)

    def which_oneof(self, _group: str) -> str | None:
        """Give the kind of the value, as protobuf does for a `oneof`."""
        return self.kind

    WhichOneof = which_oneof


@dataclass
class ParameterBinding:
    """Carry one argument into, or one output out of, an invocation."""

    name: str
    data: TypedData | None = None

    def which_oneof(self, _group: str) -> str | None:
        """Give the field that is set, as protobuf does for a `oneof`."""
        return "data" if self.data is not None else None

    WhichOneof = which_oneof


@dataclass(kw_only=True)
class RpcHttp:
    """Carry an HTTP request in, or an HTTP answer out."""

    method: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: TypedData = field(default_factory=TypedData)
    status_code: str = ""
    cookies: "list[RpcHttpCookie] | None" = None
    enable_content_negotiation: bool = False


@dataclass
class Timestamp:
    """Count seconds since 1970."""

    seconds: int


@dataclass
class NullableString:
    """Wrap a text that may be absent."""

    value: str


@dataclass
class NullableBool:
    """Wrap a truth value that may be absent."""

    value: bool


@dataclass
class NullableDouble:
    """Wrap a number that may be absent."""

    value: float


@dataclass
class NullableTimestamp:
    """Wrap a time that may be absent."""

    value: Timestamp


# One member is called None, which a class statement cannot spell.
CookieSameSite = IntEnum("CookieSameSite", {"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


@dataclass(kw_only=True)
class RpcHttpCookie:
    """Carry one Set-Cookie of an answer."""

    SameSite: ClassVar = CookieSameSite

    name: str
    value: str
    domain: NullableString | None = None
    path: NullableString | None = None
    expires: NullableTimestamp | None = None
    secure: NullableBool | None = None
    http_only: NullableBool | None = None
    same_site: CookieSameSite | None = None
    max_age: NullableDouble | None = None


@dataclass(kw_only=True)
class BindingInfo:
    """Describe one binding of a function."""

    undefined: ClassVar[int] = 0
    out: ClassVar[int] = 1
    inout: ClassVar[int] = 2

    type: str
    data_type: int | None
    direction: int


@dataclass(kw_only=True)
class RpcRetryOptions:
    """Describe the retry policy of a function."""

    max_retry_count: int
    retry_strategy: str
    delay_interval: timedelta | None = None
    minimum_interval: timedelta | None = None
    maximum_interval: timedelta | None = None


@dataclass(kw_only=True)
class RpcFunctionMetadata:
    """Describe one function of the app; `raw_bindings` are JSON texts as the decorators wrote them."""

    name: str
    function_id: str
    managed_dependency_enabled: bool
    directory: str
    script_file: str
    entry_point: str
    is_proxy: bool
    language: str
    bindings: dict[str, BindingInfo]
    raw_bindings: list[str]
    retry_options: RpcRetryOptions | None
    properties: dict[str, str]


@dataclass(kw_only=True)
class RpcException:
    """Carry an exception of the app with its whole traceback."""

    message: str
    stack_trace: str


@dataclass(kw_only=True)
class StatusResult:
    """Say whether a request to the library succeeded."""

    Failure: ClassVar[int] = 0
    Success: ClassVar[int] = 1

    status: int
    exception: RpcException | None = None


@dataclass(kw_only=True)
class WorkerMetadata:
    """Describe the worker library."""

    runtime_name: str
    runtime_version: str
    worker_version: str
    worker_bitness: str
    custom_properties: dict[str, str]


@dataclass(kw_only=True)
class WorkerInitResponse:
    """Answer the first request: the app was imported and indexed, or why not."""

    capabilities: dict[str, str]
    worker_metadata: WorkerMetadata
    result: StatusResult


@dataclass(kw_only=True)
class FunctionMetadataResponse:
    """List the functions that were found; None when there is no function_app.py."""

    use_default_metadata_indexing: bool
    function_metadata_results: list[RpcFunctionMetadata] | None
    result: StatusResult


@dataclass(kw_only=True)
class FunctionLoadResponse:
    """Answer the load of one function."""

    function_id: str
    result: StatusResult


@dataclass(kw_only=True)
class InvocationResponse:
    """Answer one invocation."""

    invocation_id: str
    result: StatusResult
    return_value: TypedData | None = None
    output_data: list[ParameterBinding] = field(default_factory=list)
