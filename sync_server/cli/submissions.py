"""Commands about submissions: export a form's, review one, see and settle what waits for a person."""

from pathlib import Path

import click

from sync_server.cli.counter import Counter
from sync_server.cli.options import no_form, open_node, when_not_found
from sync_server.core.submission_state import RECEIVED, REVIEW_STATES
from sync_server.exporters.csv_columns import Switches
from sync_server.exporters.file_names import safe_file_name
from sync_server.services.export_data import Export, export_csv_zip
from sync_server.services.list_quarantine import SHORT, WaitingReason, list_quarantine
from sync_server.services.review_submission import accept_submission, choose_version, review_submission
from sync_server.settings import Settings


@click.command(short_help="Write all submissions of a form to a zip of CSV files.")
@click.argument("form_id", metavar="FORM")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write. [FORM.zip]")
@click.option("--project", "project_id", type=int, default=1, show_default=True, help="Number of the project.")
@click.option("--media/--no-media", default=True, show_default=True, help="With photos and other files, or without.")
@click.option(
    "--groups/--no-groups",
    default=True,
    show_default=True,
    help="Names of columns with those of their groups, or bare.",
)
@click.option("--split", is_flag=True, help="A column for each choice of questions with several answers.")
@click.option(
    "--deleted/--no-deleted",
    default=True,
    show_default=True,
    help="With questions that the form no longer has, or not.",
)
@click.option("--filter", "filter_", metavar="FILTER", help="Only some, such as: __system/submissionDate ge 2026-01-31")
@click.pass_obj
def export(
    settings: Settings,
    form_id: str,
    output: Path | None,
    project_id: int,
    filter_: str | None,
    media: bool,
    groups: bool,
    split: bool,
    deleted: bool,
) -> None:
    """Write the submissions of FORM to a zip: a CSV for the form and for each repeat, and the folder media/."""
    target = (output or Path(f"{safe_file_name(form_id)}.zip")).absolute()
    if not target.parent.is_dir():
        raise click.BadParameter(f"there is no folder {target.parent}", param_hint="--output")
    switches = Switches(has_media=media, has_group_paths=groups, is_split=split, has_deleted_fields=deleted)
    counter = Counter()
    with open_node(settings) as node, when_not_found(no_form(form_id, project_id)):
        made = export_csv_zip(
            node,
            None,
            project_id=project_id,
            form_id=form_id,
            target=target,
            progress=counter,
            switches=switches,
            filter=filter_,
        )
    counter.finish()
    _say_what_is_in(made)


@click.command(short_help="Say that a submission is approved, has issues, is rejected.")
@click.argument("instance_id", metavar="INSTANCE")
@click.argument("state", metavar="STATE", type=click.Choice(REVIEW_STATES))
@click.option("--reason", required=True, help="Why; kept with your review.")
@click.option("--form", "form_id", help="The form, when several have that instance.")
@click.pass_obj
def review(settings: Settings, instance_id: str, state: str, reason: str, form_id: str | None) -> None:
    """Review a submission: STATE is rejected, hasIssues, edited, approved or received (not reviewed).

    A later review takes the place of this one. Nothing is altered or left out: exports show the state in a column.
    """
    with open_node(settings) as node, when_not_found(_no_instance(instance_id)):
        now = review_submission(node, None, instance_id, state, reason=reason, form_id=form_id)
    click.echo(f"Reviewed {instance_id}: {now or RECEIVED}.")


@click.group(invoke_without_command=True)
@click.pass_context
def quarantine(ctx: click.Context) -> None:
    """List what waits for a person, and why."""
    if ctx.invoked_subcommand is not None:
        return
    with open_node(ctx.obj) as node:
        count = 0
        for waiting in list_quarantine(node, None):
            if count == 0:
                click.echo(_line("WHEN (UTC)", "FORM", "INSTANCE", "WHY", "WHAT TO DO"))
            click.echo(_waiting_line(waiting))
            count += 1
    click.echo(f"{count} reason(s) to look." if count else "Nothing waits for a person.")


@quarantine.command(short_help="Let in what came too late, or from a revoked tablet.")
@click.argument("instance_id", metavar="INSTANCE")
@click.option("--reason", required=True, help="Why; kept with your decision.")
@click.option("--form", "form_id", help="The form, when several have that instance.")
@click.pass_obj
def accept(settings: Settings, instance_id: str, reason: str, form_id: str | None) -> None:
    """Let in what came for a closed form or from a tablet whose access was ended."""
    with open_node(settings) as node, when_not_found(_no_instance(instance_id)):
        versions = accept_submission(node, None, instance_id, reason=reason, form_id=form_id)
    click.echo(f"Accepted {instance_id}: version(s) {', '.join(version[:SHORT] for version in versions)}.")


@quarantine.command()
@click.argument("instance_id", metavar="INSTANCE")
@click.option("--keep", "version", required=True, help="The version to keep: its id, or the beginning of it.")
@click.option("--path", help="Decide only about the field at this path, such as /meeting/date.")
@click.option("--reason", required=True, help="Why; kept with your decision.")
@click.option("--form", "form_id", help="The form, when several have that instance.")
@click.pass_obj
def settle(
    settings: Settings, instance_id: str, version: str, path: str | None, reason: str, form_id: str | None
) -> None:
    """Choose between contents that disagree. The others are kept; a later decision can choose again."""
    with open_node(settings) as node, when_not_found(_no_instance(instance_id)):
        chosen = choose_version(node, None, instance_id, version, reason=reason, form_id=form_id, path=path)
    click.echo(f"Settled {instance_id}: version {chosen[:SHORT]} stands.")


def _no_instance(instance_id: str) -> str:
    return f"There is no submission {instance_id}. See what waits, and under which name: sync-server quarantine"


def _say_what_is_in(made: Export) -> None:
    written = made.written
    for title, lines in (("Left out:", made.left_out), ("May still change:", made.provisional)):
        if lines:
            click.echo("\n".join((title, *(f"- {line}" for line in lines))))
    if written.unplaced_answers:
        click.echo(f"{written.unplaced_answers} answer(s) have no column; they are in a table of their own.")
    click.echo(f"{written.submissions} submission(s), {written.rows} row(s), {written.files} file(s): {made.path}")
    click.echo(f"sha256 {made.sha256}")


def _waiting_line(waiting: WaitingReason) -> str:
    when = f"{waiting.received_at:%Y-%m-%d %H:%M}" if waiting.received_at else "-"
    return _line(when, waiting.form_id, waiting.instance_id, waiting.reason, waiting.advice)


def _line(when: str, form_id: str, instance_id: str, reason: str, advice: str) -> str:
    return f"{when:<16}  {form_id:<20}  {instance_id:<41}  {reason}  → {advice}"


COMMANDS = (export, review, quarantine)
