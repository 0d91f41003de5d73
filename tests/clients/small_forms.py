"""Small forms for tests with whole tablets, as Markdown tables."""

VISIT = """
| settings | | | |
| | form_title | form_id | version |
| | Visit | visit | 1 |
| survey | | | |
| | type | name | label |
| | text | place | Place |
| | integer | people | People |
"""
VISIT_2 = VISIT.replace("| visit | 1 |", "| visit | 2 |") + "| | text | weather | Weather |\n"

COUNT = """
| settings | | | |
| | form_title | form_id | version |
| | Count | count | 1 |
| survey | | | |
| | type | name | label |
| | integer | heads | Heads |
"""

ALBUM = """
| settings | | | | |
| | form_title | form_id | version | |
| | Album | album | 1 | |
| survey | | | | |
| | type | name | label | required |
| | begin_repeat | page | Page | |
| | image | photo | Photo | yes |
| | end_repeat | | | |
"""


def sealed_visit(public_key: str) -> str:
    """The visit, for the key's owner only."""
    return f"""
| settings | | | | |
| | form_title | form_id | version | public_key |
| | Sealed visit | sealed_visit | 1 | {public_key} |
| survey | | | | |
| | type | name | label | required |
| | text | place | Place | yes |
| | image | photo | Photo | yes |
"""
