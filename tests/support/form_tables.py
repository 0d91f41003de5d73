"""Small forms as Markdown tables, for tests."""


def meeting_form(
    *,
    form_id: str = "meeting",
    version: str = "1",
    rows: str = "",
    topic_type: str = "text",
    choices: tuple[str, ...] = ("mosul", "sinjar"),
    sensitivity: str = "low",
) -> bytes:
    """A form with a choice, a list in a file and a photo; `rows` are added to its sheet 'survey'."""
    codes = "".join(f"| | place | {code} | {code.title()} |\n" for code in choices)
    return (
        "| survey |\n"
        "| | type | name | label | parameters | sensitivity | hxl |\n"
        f"| | select_one place | place | Place | | {sensitivity} | #adm2 |\n"
        "| | select_one_from_file forums.csv | forum | Forum | | low | #org |\n"
        f"| | {topic_type} | topic | Topic | | low | #subsector |\n"
        "| | image | photo | Photo | max-pixels=800 | high | #meta+photo |\n"
        f"{rows}"
        "| choices |\n| | list_name | name | label |\n"
        f"{codes}"
        "| settings |\n| | form_id | form_title | version |\n"
        f"| | {form_id} | A meeting | {version} |\n"
    ).encode()


FAULTY = b"| survey |\n| | type | name | label |\n| | intteger | a | A |\n| settings |\n| | form_id |\n| | f |\n"
