"""What the commands about entities share: the option for the project, and what is said of what is not there."""

import click

in_project = click.option(
    "--project", "project_id", type=int, default=1, show_default=True, help="Number of the project."
)


def no_list(name: str, project_id: int) -> str:
    return f"There is no entity list {name} in project {project_id}. See those there are: sync-server entities list"


def no_entity(name: str, entity_id: str, project_id: int) -> str:
    return (
        f"In the list {name} of project {project_id} there is no {entity_id} with which that can be done. "
        f"See what there is: sync-server entities list {name}"
    )
