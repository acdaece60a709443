"""`sms-bot send` and `sms-bot recipients`: one JSON object and an exit code."""

import pytest

from tests.bot.cli.kit import ALICE, BOB, WRONG, Shell
from twilio_core.testing import Error, Html, Outcome, Raw, ServerError


async def test_send_prints_one_object_and_exits_0_when_all_accept(shell: Shell) -> None:
    ended = await shell.real("send", "--to", f"{ALICE}, {BOB}", "--body", "Water 🌊")
    assert (ended.code, ended.err) == (0, "")
    result = ended.result
    assert {k: result[k] for k in ("statusCode", "status", "failedNumbers", "unknownNumbers")} == {
        "statusCode": "200",
        "status": "Success",
        "failedNumbers": "",
        "unknownNumbers": "",
    }
    assert result["message"] == f"SMS sent successfully to: {ALICE},{BOB}"
    assert [sorted(r) for r in result["recipients"]] == [
        ["code", "error_code", "reason", "sid", "to"]
    ] * 2
    assert [post.form["Body"][0] for post in shell.twilio.posts] == ["Water 🌊"] * 2


async def test_send_exits_1_on_a_partial_success_and_names_who_failed(shell: Shell) -> None:
    ended = await shell("send", "--to", f"{ALICE},{WRONG}", "--body", "x")
    assert ended.code == 1
    assert (ended.result["statusCode"], ended.result["status"]) == ("201", "Partial-Success")
    assert ended.result["failedNumbers"] == WRONG
    assert ended.result["message"] == f"{WRONG}: 21211 the number is not valid"


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Error(21211, 400), "400"),
        (Error(20003, 401), "401"),
        (Error(20404, 404), "404"),
        (Error(20004, 405), "405"),
        (Error(20429, 429), "429"),
        (ServerError(500), "500"),
        (Html(503), "503"),
        (Raw(418, b"teapot"), "1001"),
    ],
)
async def test_send_exits_2_with_the_status_that_twilio_gave(
    shell: Shell, outcome: Outcome, code: str
) -> None:
    shell.twilio.script(ALICE, outcome)
    ended = await shell("send", "--to", ALICE, "--body", "x")
    assert (ended.code, ended.result["statusCode"], ended.result["status"]) == (2, code, "Failed")
    assert ended.err == ""


async def test_send_gives_202_when_nobody_accepts_for_different_reasons(shell: Shell) -> None:
    shell.twilio.script(BOB, Error(20004, 405))
    ended = await shell("send", "--to", f"{WRONG},{BOB}", "--body", "x")
    assert (ended.code, ended.result["statusCode"]) == (2, "202")


async def test_send_gives_901_without_a_connection(shell: Shell) -> None:
    await shell.twilio.refuse()
    ended = await shell("send", "--to", ALICE, "--body", "x")
    assert (ended.code, ended.result["statusCode"]) == (2, "901")
    assert ended.result["failedNumbers"] == ALICE


async def test_send_calls_a_number_without_an_answer_unknown_and_never_failed(
    shell: Shell,
) -> None:
    shell.twilio.script(ALICE, ServerError(500, accepted=True))
    ended = await shell("send", "--to", ALICE, "--body", "x")
    assert (ended.result["failedNumbers"], ended.result["unknownNumbers"]) == ("", ALICE)


@pytest.mark.parametrize(
    ("changes", "words", "code", "message"),
    [
        ({}, ["--to", ALICE, "--body", " "], "501", "SMS body is blank"),
        ({}, ["--to", " , ", "--body", "x"], "502", "To field is blank"),
        ({"TWILIO_FROM": ""}, ["--to", ALICE, "--body", "x"], "503", "From field is blank"),
        ({"TWILIO_URL": ""}, [], "504", "Url String field is blank"),
        ({"TWILIO_ACCOUNT_SID": " "}, [], "505", "Account SID field is blank"),
        ({"TWILIO_AUTH_TOKEN": ""}, [], "506", "Auth Token String field is blank"),
        ({"TWILIO_AUTH_TOKEN": "", "TWILIO_API_KEY": " "}, [], "506", "Auth Token String field is"),
    ],
)
async def test_send_says_which_field_is_blank(
    shell: Shell, changes: dict[str, str], words: list[str], code: str, message: str
) -> None:
    ended = await shell("send", *words, **changes)
    assert (ended.code, ended.result["statusCode"], ended.result["status"]) == (2, code, "Failed")
    assert ended.result["message"].startswith(message)
    assert shell.twilio.requests == []


async def test_send_takes_an_api_key_instead_of_the_auth_token(shell: Shell) -> None:
    key = {"TWILIO_API_KEY": shell.twilio.api_key, "TWILIO_API_SECRET": shell.twilio.api_secret}
    ended = await shell("send", "--to", ALICE, "--body", "x", TWILIO_AUTH_TOKEN="", **key)
    assert ended.code == 0


async def test_send_takes_another_sender(shell: Shell) -> None:
    ended = await shell("send", "--to", ALICE, "--body", "x", "--from", "ACME")
    assert ended.code == 0
    assert [post.form["From"] for post in shell.twilio.posts] == [["ACME"]]


async def test_send_reads_the_env_file_of_the_working_directory(shell: Shell) -> None:
    lines = [f"{name}={value}" for name, value in shell.environ.items()]
    (shell.folder / ".env").write_text("\n".join(lines), encoding="utf-8")
    given, shell.environ = shell.environ, {}
    ended = await shell("send", "--to", ALICE, "--body", "x")
    assert ended.code == 0
    assert given["TWILIO_AUTH_TOKEN"] not in ended.out


async def test_send_tells_an_env_file_that_cannot_be_read(shell: Shell) -> None:
    (shell.folder / ".env").write_bytes(b"\xff\xfe=")
    ended = await shell("send", "--to", ALICE, "--body", "x")
    assert (ended.code, ended.out) == (2, "")
    assert ".env: cannot be read" in ended.err


async def test_send_tells_its_result_on_a_terminal_that_knows_ascii_alone(shell: Shell) -> None:
    shell.twilio.script(ALICE, Error(99999, 400, "caf\u00e9 \u2026"))
    narrow = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ended = await shell.real("send", "--to", ALICE, "--body", "\u00fc", **narrow)
    assert ended.code == 2
    assert "caf\u00e9" in ended.result["message"]


# recipients


async def test_recipients_prints_the_numbers_ready_to_be_sent_to(shell: Shell) -> None:
    shell.twilio.verified = [(ALICE, "Alice"), (BOB, BOB)]
    ended = await shell.real("recipients")
    assert (ended.code, ended.err) == (0, "")
    assert ended.result["message"] == f"{ALICE},{BOB}"
    again = await shell("send", "--to", ended.result["message"], "--body", "x")
    assert again.code == 0


async def test_recipients_of_an_account_without_any_is_an_empty_success(shell: Shell) -> None:
    ended = await shell("recipients")
    assert (ended.code, ended.result["statusCode"], ended.result["message"]) == (0, "200", "")


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Error(20003, 401), "401"),
        (Error(20404, 404), "404"),
        (Error(20429, 429), "429"),
        (ServerError(500), "500"),
        (Html(503), "503"),
        (Raw(200, b"[]"), "1001"),
    ],
)
async def test_recipients_exits_2_with_the_status_that_twilio_gave(
    shell: Shell, outcome: Outcome, code: str
) -> None:
    shell.twilio.script("*", outcome)
    ended = await shell("recipients")
    assert (ended.code, ended.result["statusCode"], ended.result["status"]) == (2, code, "Failed")


async def test_a_sender_that_is_given_as_blank_is_blank(shell: Shell) -> None:
    ended = await shell("send", "--to", ALICE, "--body", "x", "--from", "")
    assert (ended.code, ended.result["statusCode"]) == (2, "503")
    assert ended.result["message"] == "From field is blank"


async def test_an_api_key_without_its_secret_is_no_credential(shell: Shell) -> None:
    blank = {"TWILIO_AUTH_TOKEN": "", "TWILIO_API_KEY": shell.twilio.api_key}
    ended = await shell("send", "--to", ALICE, "--body", "x", **blank)
    assert ended.result["statusCode"] == "506"
    assert shell.twilio.requests == []
