"""What starts the flow: HTTP, timers, queue messages. Each parses, calls and answers; no logic."""
