"""`scripts/bench`: choose a benchmark by name."""

import argparse

from benchmarks import bundle, completeness, entities, export, guessing, ingest, read, replicate


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure a node under load.")
    commands = parser.add_subparsers(required=True)
    ingest.add_command(commands)
    export.add_command(commands)
    read.add_command(commands)
    guessing.add_command(commands)
    replicate.add_command(commands)
    bundle.add_command(commands)
    completeness.add_command(commands)
    entities.add_command(commands)
    options = parser.parse_args()
    raise SystemExit(options.run(options))


if __name__ == "__main__":
    main()
