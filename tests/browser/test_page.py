"""The demo in a real browser: one demo and one Chromium for all of these."""

from playwright.sync_api import expect

from tests.browser.drive import Desk
from tests.browser.world import Demo


def test_a_send_is_followed_on_its_card_and_arrives_on_the_phones(desk: Desk) -> None:
    desk.type("/sms send alice,bob Water in the lab")
    card = desk.message("SMS to 2 recipients: Success")
    expect(card).to_contain_text("bob (••••••••1213) – delivered")
    for name in ("alice", "bob"):
        bubble = desk.phone(name).locator(".bubble").last
        expect(bubble).to_contain_text("Water in the lab")
        expect(bubble.get_by_label("delivered")).to_be_visible()


def test_what_failed_is_retried_once_its_number_works(desk: Desk, demo: Demo) -> None:
    desk.trick("dan", "country")
    desk.type("/sms send alice,dan Water is rising")
    notice = desk.message("1 of 2 failed")
    expect(notice).to_contain_text("Only visible to you")
    expect(notice).to_contain_text("+447700900123")
    desk.trick("dan", "works")
    before = len(demo.twilio.posts)
    desk.press("Retry failed (1)", notice)
    expect(desk.phone("dan").locator(".bubble").last).to_contain_text("Water is rising")
    expect(desk.message("SMS to 1 recipient: Success")).to_be_visible()
    assert len(demo.twilio.posts) == before + 1


def test_the_composer_offers_people_shows_its_errors_and_a_preview(desk: Desk) -> None:
    desk.type("/sms send")
    people = desk.modal.get_by_label("Recipients")
    message = desk.modal.get_by_label("Message", exact=True)
    desk.press("Preview", desk.modal)
    expect(desk.modal.get_by_role("alert")).to_have_text("Please complete this required field.")
    message.fill("Lunch in the lab?")
    desk.press("Preview", desk.modal)
    expect(desk.modal.get_by_role("alert")).to_contain_text("There are no recipients.")
    people.press_sequentially("caro")
    expect(desk.modal.get_by_role("option")).to_contain_text(["carol"])
    people.press("Enter")
    desk.press("Preview", desk.modal)
    expect(desk.modal).to_contain_text("1 SMS in all")
    desk.press("Back", desk.modal)
    expect(message).to_have_value("Lunch in the lab?")
    expect(desk.modal.locator(".chip")).to_contain_text("carol")
    desk.press("Preview", desk.modal)
    desk.press("Send", desk.modal)
    expect(desk.modal).to_have_count(0)
    expect(desk.phone("carol").locator(".bubble").last).to_contain_text("Lunch in the lab?")


def test_a_page_is_acknowledged_from_a_phone(desk: Desk) -> None:
    desk.type("/sms page bob,carol Cold room is warming up")
    expect(desk.phone("bob").locator(".bubble").last).to_contain_text("Cold room is warming up")
    desk.reply("bob", "ack")
    card = desk.message("bob has it")
    expect(card).to_contain_text("acknowledged by SMS")
    expect(desk.phone("carol").locator(".bubble").last).to_contain_text("bob has it")


def test_the_shortcut_asks_for_the_channel_and_tells_the_app_of_it(desk: Desk) -> None:
    desk.become("bob")
    desk.press("Send an SMS", desk.page.locator(".box"))
    desk.modal.get_by_label("Channel").select_option("C0RANDOM")
    desk.modal.get_by_label("Or typed").fill("alice")
    desk.modal.get_by_label("Message", exact=True).fill("Tea?")
    desk.press("Preview", desk.modal)
    expect(desk.modal).to_contain_text("alice (+16175551212)")
    desk.page.keyboard.press("Escape")
    expect(desk.modal.get_by_label("Channel")).to_have_value("C0RANDOM")
    desk.page.keyboard.press("Escape")
    expect(desk.modal).to_have_count(0)


def test_a_message_can_be_sent_on_from_its_menu(desk: Desk) -> None:
    desk.type('Door 7 is <open> & "wet", @bob')
    said = desk.message("Door 7")
    expect(said.locator(".body")).to_contain_text('Door 7 is <\u200bopen> & "wet", @bob')
    said.hover()
    desk.press("Send as SMS", said)
    body = desk.modal.get_by_label("Message", exact=True)
    assert "Door 7 is <open>" in body.input_value()
    desk.press("Cancel", desk.modal)


def test_the_home_tells_what_one_may_do_and_opens_the_composer(desk: Desk) -> None:
    desk.go("SMS")
    home = desk.page.locator(".home")
    expect(home).to_contain_text("#oncall: send, recipients, page")
    desk.press("Send SMS", home)
    expect(desk.modal).to_contain_text("Send an SMS")
    desk.press("Cancel", desk.modal)


def test_stop_from_a_phone_moves_its_switch_and_nothing_is_sent_there(desk: Desk) -> None:
    desk.reply("carol", "STOP")
    expect(desk.phone("carol").locator("select")).to_have_value("stopped")
    desk.type("/sms send carol Are you there?")
    expect(desk.last).to_contain_text("opted out")
    desk.reply("carol", "START")
    expect(desk.phone("carol").locator("select")).to_have_value("works")


def test_while_twilio_is_down_a_message_waits_and_goes_out_once_it_works(desk: Desk) -> None:
    desk.twilio("Down")
    desk.type("/sms send bob Is anybody there?")
    expect(desk.message("Is anybody there?")).to_contain_text("queued: no connection")
    desk.twilio("Works")
    expect(desk.phone("bob").locator(".bubble").last).to_contain_text("Is anybody there?")


def test_the_message_box_offers_the_forms_of_the_command(desk: Desk) -> None:
    box = desk.page.locator("#box")
    box.press_sequentially("/sms re")
    expect(desk.page.locator(".forms [role=option]")).to_have_text(
        ["/sms recipients [filter]", "/sms resolve [id]"]
    )
    box.press("Tab")
    expect(box).to_have_value("/sms recipients ")


def test_the_tour_types_for_the_newcomer_and_sees_what_is_done(desk: Desk) -> None:
    tour = desk.page.get_by_role("region", name="Guided tour")
    desk.press("Step 5: What is refused, and why", tour)
    desk.press("Type it for me", tour)
    box = desk.page.locator("#box")
    expect(box).to_have_value("/sms why send +33199001234 Bonjour")
    expect(box).to_be_focused()
    box.press("Enter")
    expect(desk.last).to_contain_text("would be refused here")
    desk.press("Finish", tour)
    expect(tour).to_have_count(0)
    desk.page.get_by_role("button", name="Guided tour").click()
    expect(tour).to_be_visible()
