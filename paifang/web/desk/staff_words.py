"""Roles, acts and what can be wrong with an account, in words."""

from typing import Final

from paifang.core.reasons import N_
from paifang.core.rules import Role
from paifang.services.desk.permissions import Act

ROLE_WORDS: Final = {
    Role.manager: N_("Manager"),
    Role.cashier: N_("Cashier"),
    Role.steward: N_("Steward"),
    Role.supervisor: N_("Gate supervisor"),
    Role.finance: N_("Finance"),
    Role.auditor: N_("Auditor"),
    Role.regulator: N_("Regulator"),
}
ROLE_HINTS: Final = {
    Role.manager: N_("Does everything: sets up, imports, hands out, lets people in and out."),
    Role.cashier: N_("Finds people, prints and re-issues tickets; also stands at gates."),
    Role.steward: N_("Stands at a gate and scans."),
    Role.supervisor: N_("Overrules refusals at gates, blocks tickets, keeps door lists."),
    Role.finance: N_("Sees figures and reports."),
    Role.auditor: N_("Sees everything that was done and by whom; changes nothing."),
    Role.regulator: N_("Sees figures, reports and the set-up; changes nothing."),
}
ACT_WORDS: Final = {
    Act.see_today: N_("See today's figures"),
    Act.see_reports: N_("See reports"),
    Act.stand_at_gates: N_("Stand at gates and scan"),
    Act.find_tickets: N_("Find people and tickets"),
    Act.see_contacts: N_("See phone numbers and e-mail addresses"),
    Act.block_tickets: N_("Block and unblock tickets"),
    Act.void_tickets: N_("Void tickets"),
    Act.reissue_tickets: N_("Re-issue codes and change the holder"),
    Act.hand_out_tickets: N_("Hand out free tickets and quotas"),
    Act.sell_tickets: N_("Sell at the counter"),
    Act.see_orders: N_("See orders"),
    Act.refund_orders: N_("Pay orders back"),
    Act.send_links: N_("Send links to tickets"),
    Act.print_tickets: N_("Print tickets"),
    Act.import_people: N_("Import lists of people"),
    Act.export_people: N_("Export people and tickets"),
    Act.erase_people: N_("Erase a person on request"),
    Act.keep_door_lists: N_("Print door lists and key them in"),
    Act.see_set_up: N_("See the set-up"),
    Act.set_up: N_("Change the set-up"),
    Act.manage_terminals: N_("Add, pair and withdraw terminals"),
    Act.see_leases: N_("See venue hosts and their leases"),
    Act.give_leases: N_("Give, extend and break leases"),
    Act.manage_nodes: N_("Let venue hosts join, and withdraw them"),
    Act.see_staff: N_("See staff and roles"),
    Act.manage_staff: N_("Invite, change and suspend staff"),
    Act.see_audit: N_("See the audit"),
}
ERROR_WORDS: Final = {
    "username_malformed": N_("Use small letters, digits and @ . + _ - only, without spaces."),
    "username_taken": N_("Somebody has this user name already. Choose another."),
    "username_unknown": N_("This account does not exist any more. Reload the page."),
    "name_missing": N_("Say what the person is called."),
    "organiser_missing": N_("Say what the organiser is called."),
    "password_weak": N_("Too short or too easily guessed. Use at least 8 characters."),
    "passwords_differ": N_("The two passwords are not alike. Type both again."),
    "pin_malformed": N_("A PIN has 4 to 12 digits."),
    "card_malformed": N_("This is no card's number: 8 to 32 hexadecimal digits."),
    "card_taken": N_("Somebody else signs on with this card. Take it from them first."),
    "cards_too_many": N_("There are as many cards as anybody may have. Take the old ones first."),
    "yourself": N_("You cannot do this to yourself. Ask another manager."),
    "last_manager": N_("This is the only manager left. Make somebody else a manager first."),
    "superuser_only": N_("This account may repair data. Only somebody who may too can do this."),
    "reason_missing": N_("Say why, in a few words."),
    "gates_untold": N_("Kept here, but the gates could not be told yet. Save it once more later."),
}
LINK_WORDS: Final = {
    "unknown": N_("This link leads nowhere. Ask who gave it to you for a new one."),
    "late": N_("This link was good for some days only. Ask who gave it to you for a new one."),
    "used": N_("This link was used already. Sign in with the password that was chosen then."),
    "withdrawn": N_("This link was withdrawn. Ask who gave it to you."),
    "closed": N_("This installation is set up already. Sign in."),
    "code_wrong": N_("Open the whole link that the server says when it starts."),
}
ERROR_FIELDS: Final = {
    "username_malformed": "username",
    "username_taken": "username",
    "name_missing": "name",
    "organiser_missing": "organiser",
    "password_weak": "password",
    "passwords_differ": "again",
    "pin_malformed": "pin",
    "card_malformed": "card",
    "card_taken": "card",
    "cards_too_many": "card",
    "reason_missing": "why",
}
"""Beside which field a fault is told; the others are told above the form."""
