"""``instrunet users``: who may log in to the served app."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AccountError
from ..wording import escape_unprintable

if TYPE_CHECKING:
    from ..server.accounts.users import Account, Users

_DESCRIPTION = """\
Adds, lists and removes users of the app that 'instrunet app --sign-in' serves, and makes invitation codes. A running
server follows: whoever is removed or gets another password is logged out within seconds.
"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("users", help="who may log in to the served app", description=_DESCRIPTION)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--users-file", type=Path, metavar="FILE", help="where users are kept (default: your data folder)"
    )
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("name", metavar="NAME")
    secret = argparse.ArgumentParser(add_help=False)
    secret.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input instead of asking for it"
    )
    _add(actions, "add", _add_user, "add a user, with a password that is asked for", common, named, secret)
    _add(actions, "list", _list_users, "list all users", common)
    _add(actions, "remove", _remove_user, "remove a user", common, named)
    _add(actions, "password", _set_password, "give a user another password", common, named, secret)
    invite = _add(actions, "invite", _invite, "make a code with which one person can register", common)
    invite.add_argument("--days", type=_days, default=7.0, metavar="N", help="how long it is valid (default: 7)")


def _add(actions: Any, name: str, run: Any, words: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=words, parents=list(parents))
    parser.set_defaults(run=run)
    return parser


def _add_user(args: argparse.Namespace) -> int:
    from ..server.accounts.names import clean_name
    from ..server.accounts.passwords import check_new_password, hash_password

    users = _open(args)
    name = clean_name(args.name)
    if users.find(name):
        raise AccountError(f"there is a user '{name}' already.")
    password = _ask_password(args)
    check_new_password(password, name)
    users.add(name, hash_password(password))
    print(f"Added {escape_unprintable(name)}.")
    return 0


def _list_users(args: argparse.Namespace) -> int:
    users, place = _open_existing(args)
    accounts = users.all()
    if not accounts:
        print(f"There are no users yet in {escape_unprintable(str(place))}.")
    for account in accounts:
        day = datetime.fromtimestamp(account.registered).strftime("%Y-%m-%d")
        print(f"{day}  {escape_unprintable(account.name)}")
    return 0


def _remove_user(args: argparse.Namespace) -> int:
    users, _ = _open_existing(args)
    account = _find(users, args.name)
    users.remove(account.id)
    print(f"Removed {escape_unprintable(account.name)}.")
    return 0


def _set_password(args: argparse.Namespace) -> int:
    from ..server.accounts.passwords import check_new_password, hash_password

    users, _ = _open_existing(args)
    account = _find(users, args.name)
    password = _ask_password(args)
    check_new_password(password, account.name)
    users.set_password(account.id, hash_password(password))
    print(f"{escape_unprintable(account.name)} has another password, and is logged out everywhere.")
    return 0


def _invite(args: argparse.Namespace) -> int:
    print(_open(args).invite(days=args.days))
    where = f" --users-file {args.users_file}" if args.users_file else ""
    print(
        f"Whoever registers with this code within {args.days:g} days can log in; for 'instrunet app --sign-in{where}'.",
        file=sys.stderr,
    )
    return 0


def _open(args: argparse.Namespace) -> Users:
    from ..server.accounts.database import Database, default_users_file
    from ..server.accounts.users import Users

    return Users(Database(args.users_file or default_users_file()))


def _open_existing(args: argparse.Namespace) -> tuple[Users, Path]:
    """Open a users file where looking must not make one."""
    from ..server.accounts.database import default_users_file

    place = args.users_file or default_users_file()
    if not place.exists():
        raise AccountError(f"there is no users file {place}; 'instrunet users add NAME' makes it.")
    return _open(args), place


def _find(users: Users, name: str) -> Account:
    account = users.find(name)
    if account is None:
        raise AccountError(f"there is no user '{name}'; 'instrunet users list' lists them.")
    return account


def _ask_password(args: argparse.Namespace) -> str:
    """Take a password without showing it; never from the command line, which others on the machine can read."""
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise AccountError(
            "a password is asked for in a terminal; add --password-stdin to read it from standard input."
        )
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise AccountError("the two passwords are not the same.")
    return password


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= 3650:
        raise argparse.ArgumentTypeError(f"'{text}' is no time: give days, a number above 0")
    return days
