"""
What a NATS server must be told so that agents may be let into it.

Agents live in an account of their own, which has no JetStream and imports single subjects of ours:

    AGENTS  ── reports, acknowledgements, "next message" ──►  LAMDA: our programs, streams, consumers
            ◄── jobs, and answers ──                          SYSTEM: whom to ask who is connected, and to end that

An account is what bounds replies. The server answers a request to any subject that the request names, with its own
rights and without a look at those of who asked; within one account, an agent that asked for its next job and named
`$JS.API.STREAM.DELETE.JOBS` as the subject of the answer deleted the stream.

Every service is imported by a wildcard, single subjects too: an answer that is aimed at an import with a literal
subject passes on through it, and one aimed at a wildcard does not.
"""

USER = "lamda"
SYSTEM_USER = "system"
ACCOUNT = "LAMDA"
AGENTS_ACCOUNT = "AGENTS"

# `docs/agents.md` shows the same lines for a server that is not embedded.
ACCOUNTS = """\
system_account: SYSTEM
accounts {
    SYSTEM { users: [ { user: system, password: "<system password>" } ] }
    LAMDA {
        jetstream: enabled
        users: [ { user: lamda, password: "<password>" } ]
        exports: [
            { stream: "jobs.dispatch.*", accounts: [ AGENTS ] }
            { service: "agents.*.status", accounts: [ AGENTS ] }
            { service: "jobs.status.*", accounts: [ AGENTS ] }
            { service: "agent.*", accounts: [ AGENTS ] }
            { service: "$JS.API.CONSUMER.MSG.NEXT.JOBS.*", response: stream, accounts: [ AGENTS ] }
            { service: "$JS.ACK.JOBS.>", accounts: [ AGENTS ] }
        ]
    }
    AGENTS {
        imports: [
            { stream: { account: LAMDA, subject: "jobs.dispatch.*" } }
            { service: { account: LAMDA, subject: "agents.*.status" } }
            { service: { account: LAMDA, subject: "jobs.status.*" } }
            { service: { account: LAMDA, subject: "agent.*" } }
            { service: { account: LAMDA, subject: "$JS.API.CONSUMER.MSG.NEXT.JOBS.*" } }
            { service: { account: LAMDA, subject: "$JS.ACK.JOBS.>" } }
        ]
    }
}
authorization {
    timeout: 5
    auth_callout { issuer: "<issuer>", auth_users: [ lamda, system ], account: LAMDA }
}
"""


def configuration(*, host: str, port: int, folder: str, password: str, system_password: str, issuer: str) -> str:
    """Return the configuration of an embedded server."""
    accounts = ACCOUNTS
    for name, value in {"password": password, "system password": system_password, "issuer": issuer}.items():
        accounts = accounts.replace(f"<{name}>", value)
    return (
        "# Written at each start; edits are lost.\n"
        f'host: {host}\nport: {port}\njetstream {{ store_dir: "{folder}" }}\n'
        # Whatever an agent tries in vain is a line: old ones go, so that the disk stays free.
        f'log_file: "{folder}/log"\nlog_size_limit: 10MB\nlog_max_num: 3\n{accounts}'
    )
