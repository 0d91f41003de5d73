"""Commands that erase for good what was received: one submission, one person, what is beyond an age; and receipts."""

import json
from pathlib import Path

import click

from sync_server.cli.options import no_form, open_node, when_not_found
from sync_server.core.person_identity import ENTITY, PHONE
from sync_server.node import Node
from sync_server.services.erase_person import Plan, erase_person, plan_person
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.list_erasures import ErasureReceipt, get_erasure, list_erasures
from sync_server.services.retention import NO_RULE, count_older, erase_older, list_rules, set_rule
from sync_server.settings import Settings

PROJECT = click.option("--project", "project_id", type=int, default=1, show_default=True, help="Number of the project.")
REASON = click.option("--reason", default="", help="Why; kept for ever, so without names or answers.")
DRY = click.option("--dry-run", is_flag=True, help="Only show what would go.")
YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def erase() -> None:
    """Erase for good: consent was withdrawn, or the time to keep is over."""


@erase.command()
@click.argument("instance_id", metavar="INSTANCE")
@click.option("--form", "form_id", help="The form, when several have that instance.")
@PROJECT
@REASON
@YES
@click.pass_obj
def submission(
    settings: Settings, instance_id: str, form_id: str | None, project_id: int, reason: str, yes: bool
) -> None:
    """Erase INSTANCE whole, with all its edits and files; sha256:… names an upload that could not be read."""
    _ask(reason, yes, f"Erase {instance_id} with all its versions and files? There is no way back.")
    with open_node(settings) as node, when_not_found(f"There is no submission {instance_id}."):
        made = erase_submission(node, None, instance_id, reason=reason, project_id=project_id, form_id=form_id)
        _say(get_erasure(node, None, made))


@erase.command()
@click.option("--phone", help="The person's phone, in any writing.")
@click.option("--entity", help="The person's entity id.")
@click.option("--form", "form_id", help="Look in this form only.")
@click.option("--keep-rest", is_flag=True, help="Where a whole submission is the person's, blank only the identifier.")
@PROJECT
@REASON
@DRY
@YES
@click.pass_obj
def person(
    settings: Settings, phone: str | None, entity: str | None, form_id: str | None, keep_rest: bool, project_id: int,
    reason: str, dry_run: bool, yes: bool,
) -> None:  # fmt: skip
    """Erase one person: the rows that carry their phone or entity id, and submissions that are theirs."""
    if (phone is None) == (entity is None):
        raise click.UsageError("Name the person by --phone or by --entity.")
    kind, value = (PHONE, phone or "") if phone is not None else (ENTITY, entity or "")
    with open_node(settings) as node:
        plan = plan_person(node, None, kind, value, project_id=project_id, form_id=form_id)
        _say_plan(plan, keep_rest=keep_rest)
        if dry_run or plan.is_empty:
            return
        _ask(reason, yes, "Erase all this? There is no way back.")
        made = erase_person(
            node, None, kind, value, reason=reason, project_id=project_id, form_id=form_id, keep_rest=keep_rest
        )
        if made is not None:
            _say(get_erasure(node, None, made))


@erase.command(name="older-than")
@click.argument("age")
@click.option("--form", "form_id", required=True, help="The form.")
@PROJECT
@REASON
@DRY
@YES
@click.pass_obj
def older_than(
    settings: Settings, age: str, form_id: str, project_id: int, reason: str, dry_run: bool, yes: bool
) -> None:
    """Erase the submissions of a form first received more than AGE ago: 90d, 8w, 24m, 2y."""
    with open_node(settings) as node, when_not_found(no_form(form_id, project_id)):
        count = count_older(node, None, form_id, age, project_id=project_id)
        click.echo(f"{count} submission(s) of {form_id} are older than {age}.")
        if dry_run or not count:
            return
        _ask(reason, yes, "Erase them? There is no way back.")
        made = erase_older(node, None, form_id, age, reason=reason, project_id=project_id)
        if made is not None:
            _say(get_erasure(node, None, made))


@erase.command()
@click.option("--form", "form_id", help="Set the rule of this form.")
@click.option("--age", help="Erase every day what is older, such as 24m; 'never' ends the rule.")
@PROJECT
@REASON
@click.pass_obj
def rule(settings: Settings, form_id: str | None, age: str | None, project_id: int, reason: str) -> None:
    """Set how long a form's submissions are kept, or show the rules and what each would take today."""
    with open_node(settings) as node, when_not_found(no_form(form_id or "", project_id)):
        if form_id is not None and age is not None:
            chosen = NO_RULE if age == "never" else age
            set_rule(node, None, form_id, chosen, reason=reason, project_id=project_id)
        elif form_id is not None or age is not None:
            raise click.UsageError("A rule needs both --form and --age.")
        _say_rules(node)


@erase.command(name="list")
@click.pass_obj
def list_all(settings: Settings) -> None:
    """List the erasures made, oldest first."""
    with open_node(settings) as node:
        receipts = list_erasures(node, None)
        if not receipts:
            click.echo("Nothing has been erased here.")
        for receipt in receipts:
            when = f"{receipt.decided_at:%Y-%m-%d %H:%M}"
            click.echo(f"{receipt.id[:12]}  {when}  {receipt.what:<10}  {len(receipt.subjects):>5}  {receipt.reason}")


@erase.command()
@click.argument("receipt_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file.")
@click.pass_obj
def show(settings: Settings, receipt_id: str, as_json: bool, output: Path | None) -> None:
    """Show the receipt ID, or the one that begins so: what went, without the content."""
    with open_node(settings) as node, when_not_found(f"There is no erasure {receipt_id}."):
        receipt = get_erasure(node, None, receipt_id)
    text = json.dumps(receipt.to_json(), indent=2, ensure_ascii=False) if as_json else "\n".join(_lines(receipt))
    if output is None:
        click.echo(text)
    else:
        output.write_text(f"{text}\n", "utf-8")


def _ask(reason: str, yes: bool, question: str) -> None:
    if not reason.strip():
        raise click.UsageError('Say why: --reason "…". It is kept for ever, so write no names or answers into it.')
    if not yes:
        click.confirm(question, abort=True)


def _say(receipt: ErasureReceipt) -> None:
    click.echo("\n".join(_lines(receipt)))


def _lines(receipt: ErasureReceipt) -> list[str]:
    lines = [
        f"Erasure {receipt.id}",
        f"Made {receipt.decided_at:%Y-%m-%d %H:%M} UTC by {receipt.author}, at node {receipt.node}.",
        f"Reason: {receipt.reason}",
    ]
    lines += [
        f"- {s.form_id or 'upload'} {s.root_id}: {'all of it' if s.scope == 'whole' else 'one person'}; "
        f"{s.versions} version(s), {s.receipts} receipt(s), {s.rows} row(s), {s.answers} answer(s), {s.files} file(s)"
        for s in receipt.subjects
    ]
    if sealed := sum(s.sealed for s in receipt.subjects):
        lines.append(f"{sealed} sealed version(s) could not be searched.")
    if receipt.blocked_since:
        lines.append(f"Sent again since, and turned away: {receipt.blocked_since} time(s).")
    held = "Back-ups" if receipt.backups is None else f"{receipt.backups} back-up(s)"
    if receipt.backups != 0:
        lines.append(f"{held} made before may hold it until {receipt.held_until:%Y-%m-%d} at the latest.")
    lines.append("Copies that left this node (exports, other back-up folders) are not reached.")
    if receipt.unfinished:
        lines.append(f"Not finished yet, and tried again: {', '.join(receipt.unfinished)}.")
    return lines


def _say_plan(plan: Plan, *, keep_rest: bool) -> None:
    for found in plan.found:
        whole = found.is_whole and not keep_rest
        what = "all of it" if whole else f"{found.rows} row(s), {found.answers} answer(s)"
        click.echo(f"{found.subject.form_id}  {found.subject.root_id}  {what}")
    for entity in plan.entities:
        what = "all that people wrote about it" if entity.is_whole else f"what {entity.decisions} change(s) say"
        click.echo(f"{entity.key[1]}  {entity.key[2]}  {what}")
    click.echo(f"{len(plan.found)} submission(s) are about this person.")
    if plan.people > 1:
        click.echo(f"Careful: the rows found register {plan.people} people. They may share this phone.")
    if plan.sealed:
        click.echo(f"{plan.sealed} sealed version(s) cannot be searched.")


def _say_rules(node: Node) -> None:
    rules = list_rules(node, None)
    for found in rules:
        count = count_older(node, None, found.form_id, found.age, project_id=found.project_id)
        click.echo(f"{found.form_id}  older than {found.age}  {count} submission(s) today  {found.reason}")
    if not rules:
        click.echo("No form has a rule: everything is kept.")


COMMANDS = (erase,)
