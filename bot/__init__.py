"""Where it runs: wiring, Slack, storage, jobs, HTTP and the command line."""
