"""What somebody is shown of one form: which rows, and of each row which answers.

Made of a view (core/scope.py) and of how sensitive the form's questions are. Closed by default: a question that no
published version has, or any question of a form that was never published, is severe, because nobody said what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sync_server.core.scope import Part, View
from sync_server.core.sensitivity import Level, Sensitivities


@dataclass(frozen=True, slots=True)
class Sight:
    """`view` has the form's own paths in place of HXL tags; None: no row is in sight."""

    view: View | None
    sensitivities: Sensitivities

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.view.parts if self.view else ()

    @property
    def level(self) -> Level:
        """The most that is shown of any row."""
        return self.view.level if self.view else Level.LOW

    @property
    def lowest(self) -> Level:
        """What is shown of every row in sight."""
        return self.view.lowest if self.view else Level.LOW

    @property
    def others(self) -> Level:
        """How sensitive is what belongs to no question, such as a file that no answer names."""
        return max(self.sensitivities.values(), default=Level.SEVERE)

    @property
    def has_every_row(self) -> bool:
        return self.view is not None and self.view.rows is None

    def level_of(self, path: str) -> Level:
        return self.sensitivities.get(path, Level.SEVERE)

    def hides(self, path: str) -> bool:
        """Tell whether the answers to a question are shown of no row."""
        return self.level_of(path) > self.level

    def veils(self, path: str) -> bool:
        """Tell whether the answers to a question are not shown of every row."""
        return self.level_of(path) > self.lowest

    def for_export(self) -> "Sight":
        return replace(self, view=self.view.for_export() if self.view else None)


def see(view: View, sensitivities: Sensitivities, tagged: Mapping[str, str]) -> Sight:
    """Put a view and the rules of a form together."""
    return Sight(view.of_form(tagged), sensitivities)
