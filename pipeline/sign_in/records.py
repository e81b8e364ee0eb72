"""What is kept of a sign-in while it lasts: no code, verifier or token, only where the vault has it."""

from typing import Literal

import msgspec

from pipeline.model import ProblemView

type Progress = Literal["pending", "redeeming", "complete", "failed"]


class SignInRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in as it is kept.

    Args:
        id: as the API names it; tells nothing of the state.
        state_hash: SHA-256 of the state, in hexadecimal.
        progress: `redeeming` once a callback has claimed the state; there is no way back to `pending`.
        claim: made up by the callback that claimed it, so that a lost answer is told from a rival.
        started_by: who started it, and alone may use it; None if a Functions key is all that callers show.
        flow_secret, grant_secret: names in the vault: of PKCE verifier and nonce, and of the refresh token.
            Both are written here before the vault has them, so that whoever sweeps finds everything.
        return_url: where the browser goes afterwards, as the settings spell it.
        tenant_id, principal_id: where the person signed in to, and the person's object id; None until then.
        problem: why it failed.
        etag: of the row as read; a replace demands it unchanged.
    """

    id: str
    state_hash: str
    progress: Progress
    created_at: str
    expires_at: str
    flow_secret: str
    grant_secret: str
    claim: str = ""
    started_by: str | None = None
    return_url: str | None = None
    tenant_id: str | None = None
    principal_id: str | None = None
    problem: ProblemView | None = None
    etag: str = ""
