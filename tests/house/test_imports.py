"""No module imports itself by way of others: whichever is loaded first, all of them load."""

import grimp

MANY = 10_000


def test_no_imports_go_in_a_circle() -> None:
    graph = grimp.build_graph("sync_server")
    left = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    for _ in range(MANY):
        free = {module for module, imported in left.items() if not imported & left.keys()}
        if not free:
            break
        left = {module: imported for module, imported in left.items() if module not in free}
    in_circles = {module: sorted(imported & left.keys()) for module, imported in left.items()}
    assert in_circles == {}
