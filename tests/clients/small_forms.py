"""Small forms for tests with whole tablets, as Markdown tables."""


def visit(form_id: str, version: int = 1) -> str:
    """A visit; from version 2 on it asks for the weather too."""
    weather = "| | text | weather | Weather |" if version > 1 else ""
    return f"""
| settings | | | |
| | form_title | form_id | version |
| | Visit | {form_id} | {version} |
| survey | | | |
| | type | name | label |
| | text | place | Place |
| | integer | people | People |
{weather}
"""


def counted_visit(form_id: str, version: int, calculations: dict[str, str]) -> str:
    """A visit that counts by these calculations, by name; whole numbers but the series."""
    rows = "\n".join(
        f"| | calculate | {name} | | {calculation} | {'' if name == 'form_series' else 'int'} |"
        for name, calculation in calculations.items()
    )
    return f"""
| settings | | | | | |
| | form_title | form_id | version | | |
| | Visit | {form_id} | {version} | | |
| survey | | | | | |
| | type | name | label | calculation | bind::type |
{rows}
| | text | place | Place | | |
"""


def album(form_id: str) -> str:
    """As many photos as one likes."""
    return f"""
| settings | | | | |
| | form_title | form_id | version | |
| | Album | {form_id} | 1 | |
| survey | | | | |
| | type | name | label | required |
| | begin_repeat | page | Page | |
| | image | photo | Photo | yes |
| | end_repeat | | | |
"""


def sealed_visit(form_id: str, public_key: str) -> str:
    """A visit for the key's owner only."""
    return f"""
| settings | | | | |
| | form_title | form_id | version | public_key |
| | Sealed visit | {form_id} | 1 | {public_key} |
| survey | | | | |
| | type | name | label | required |
| | text | place | Place | yes |
| | image | photo | Photo | yes |
"""
