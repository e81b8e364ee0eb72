"""Every way to authenticate, by name.

A further method is one class with the members of `AuthMethod` and one entry in `METHODS`; nothing that
connects, syncs or rotates knows which method it deals with. What people read of it is one entry in
`pipeline/connecting/guide/ways.py` and a script beside that.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.authentication.certificate import Certificate
from pipeline.authentication.client_secret import ClientSecret
from pipeline.authentication.federated import Federated
from pipeline.authentication.managed_identity import ManagedIdentity
from pipeline.authentication.method import AuthMethod
from pipeline.authentication.sign_in import SignIn
from pipeline.requests import AuthRequest

METHODS: Mapping[str, AuthMethod[Any]] = {
    method.name: method
    for method in (ClientSecret(), Certificate(), ManagedIdentity(), Federated(), SignIn())
}
_METHOD_OF = {method.request_type: method for method in METHODS.values()}


def method_of(asked: AuthRequest) -> AuthMethod[Any]:
    """Give the method that a request asks for."""
    return _METHOD_OF[type(asked)]
