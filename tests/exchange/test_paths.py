"""The verifier's audit paths: what one shares with the one before is hashed once, and held all the same."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.merkle import leaf_hash, node_hash
from verifier.verify import Paths

LARGEST = 70


def tree(size: int) -> tuple[list[bytes], list[list[str]], bytes]:
    """Make the leaves of a tree, the path of each as a bundle writes it, and the root."""
    leaves = [leaf_hash(sha256(bytes([n])).digest()) for n in range(size)]

    def node(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    paths = [[b64encode(each).decode() for each in merkle.inclusion_proof(n, size, node)] for n in range(size)]
    return leaves, paths, merkle.root_of(size, node)


@given(data=st.data(), size=st.integers(1, LARGEST))
def test_right_paths_lead_up_in_whatever_order_they_come(data: st.DataObject, size: int) -> None:
    leaves, paths, root = tree(size)
    checked = Paths(size, root)
    for n in data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=30)):
        assert checked.lead_up(leaves[n], n, paths[n])


@given(data=st.data(), size=st.integers(2, LARGEST))
def test_a_wrong_path_leads_nowhere_whatever_was_right_before_it(data: st.DataObject, size: int) -> None:
    leaves, paths, root = tree(size)
    checked = Paths(size, root)
    numbers = st.integers(0, size - 1)
    for n in data.draw(st.lists(numbers, max_size=20)):
        assert checked.lead_up(leaves[n], n, paths[n])
    n, other = data.draw(numbers), data.draw(numbers)
    place = data.draw(st.integers(0, len(paths[n]) - 1))
    wrong = b64encode(sha256(b"wrong").digest()).decode()
    changed = [*paths[n][:place], wrong, *paths[n][place + 1 :]]
    attempts = [(leaves[n], n, changed), (leaves[n], n, paths[n][:-1]), (leaves[n], n, [*paths[n], wrong])]
    attempts += [(sha256(b"no leaf").digest(), n, paths[n]), (leaves[n], size, paths[n]), (leaves[n], -1, paths[n])]
    attempts += [(leaves[other], n, paths[n]), (leaves[n], other, paths[other])] if other != n else []
    for leaf, index, path in data.draw(st.permutations(attempts)):
        assert not checked.lead_up(leaf, index, path)
    assert checked.lead_up(leaves[n], n, paths[n])
