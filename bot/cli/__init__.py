"""The command line, `sms-bot run | worker | init | check | send | recipients | …`.

Standard output carries results only; everything else goes to standard error. Each command imports
what it needs when it is called, so that none waits for what another needs.
"""

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="sms-bot",
    help="SMS from Slack that people trust at three in the morning.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run() -> None:
    """Run the bot: Slack, HTTP listener and job worker in one process."""
    from bot.cli.service import serve

    serve(listens=True)


@app.command()
def worker() -> None:
    """Run a job worker alone, against the same DATABASE_URL."""
    from bot.cli.service import serve

    serve(listens=False)


@app.command()
def init() -> None:
    """Write a commented sms.toml and .env to start from; never overwrite."""
    from bot.cli.setup import write

    write()


@app.command()
def check(
    *, as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False
) -> None:
    """Look at configuration, Slack, Twilio and database, and say how to mend what is wrong."""
    from bot.cli.setup import examine

    examine(as_json=as_json)


@app.command()
def send(
    to: Annotated[str, typer.Option(help="Numbers, separated by commas.")] = "",
    body: Annotated[str, typer.Option(help="The text.")] = "",
    sender: Annotated[str | None, typer.Option("--from", help="Instead of TWILIO_FROM.")] = None,
) -> None:
    """Send at once, without Slack or database; print one JSON object."""
    from bot.cli.activity import carry_out

    carry_out("Send SMS", messageBody=body, to=to, sender=sender)


@app.command()
def page(
    to: Annotated[str, typer.Option(help="People, or the name of an escalation.")],
    body: Annotated[str, typer.Option(help="What is wrong.")],
    channel: Annotated[
        str | None, typer.Option(help="Whose rules apply, and where it is shown.", metavar="ID")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Makes a second call with it the same page.", metavar="TEXT")
    ] = None,
) -> None:
    """Page until somebody acknowledges; print the page's number. A bot has to run."""
    from bot.cli.paging import page as open_page

    open_page(to, body, channel, key)


@app.command()
def timeline(
    number: Annotated[int, typer.Argument(metavar="ID", help="The page's number.")],
    *,
    as_text: Annotated[
        bool, typer.Option("--markdown", help="As Markdown, for a post-mortem.")
    ] = False,
) -> None:
    """Print everything that happened to a page, as JSON."""
    from bot.cli.paging import timeline as tell

    tell(number, as_text=as_text)


@app.command()
def recipients() -> None:
    """Print the account's verified numbers as one JSON object."""
    from bot.cli.activity import carry_out

    carry_out("Retrieve Recipients")


@app.command()
def audit(
    *,
    since: Annotated[
        str | None, typer.Option(help="How far back: 24h, 7d; or a date in UTC.", metavar="WHEN")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only this one.", metavar="ID")] = None,
    user: Annotated[str | None, typer.Option(help="Only this one.", metavar="ID")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, with a header.")] = False,
) -> None:
    """Print who asked what, where, and which rule decided, oldest first."""
    from bot.cli.auditing import report

    report(since, channel, user, as_json=as_json, as_csv=as_csv)


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; none is overwritten.")],
) -> None:
    """Write all that the bot knows into a file; a bot may run meanwhile."""
    from bot.cli.keeping import save

    save(path)


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` wrote.")],
    *,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with what was not done yet. Only if no bot ran since."
        ),
    ] = False,
) -> None:
    """Bring a backup into an empty database; what was still to be sent is called off."""
    from bot.cli.keeping import bring_back

    bring_back(path, resume=resume)


@app.command()
def move(
    to: Annotated[
        str,
        typer.Option(
            help="The other, empty database. The variable keeps a password out of sight.",
            metavar="URL",
            envvar="SMS_MOVE_TO",
        ),
    ],
) -> None:
    """Move everything into another PostgreSQL, such as from the embedded one; no bot may run."""
    from bot.cli.keeping import move_to

    move_to(to)


contacts = typer.Typer(no_args_is_help=True, help="The directory kept in Slack, as CSV.")
app.add_typer(contacts, name="contacts")


@contacts.command("import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="name,number,slack,members")],
) -> None:
    """Add contacts and groups from a CSV file, or replace them: all of it, or nothing."""
    from bot.cli.contacts import take_in

    take_in(path)


@contacts.command("export")
def export() -> None:
    """Print the contacts and groups that are kept in Slack."""
    from bot.cli.contacts import give_out

    give_out()


@app.command()
def demo(
    *,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Here, instead of in a browser.")
    ] = False,
) -> None:
    """Try the whole bot with a local Slack and a local Twilio, in a browser: no account."""
    from bot.sandbox.demo import main as demonstrate

    demonstrate(terminal=terminal)


def main() -> None:
    """Run the command line."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a report must not end at an arrow or an ellipsis
        sys.stdout.reconfigure(errors="replace")
    app()
