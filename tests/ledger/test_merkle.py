"""The tree against the values that RFC 6962's authors published, others' proofs, and its own definition."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.merkle import EMPTY, Frontier, leaf_hash, node_hash

# The leaves and roots of the test trees of Certificate Transparency (RFC 6962's reference implementation).
LEAVES = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def root_by_definition(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(root_by_definition(leaves[:k]), root_by_definition(leaves[k:]))


class Tree:
    """A tree that keeps every whole node."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.kept: dict[tuple[int, int], bytes] = {}
        self.edges = [Frontier()]
        for leaf in leaves:
            edge, whole = self.edges[-1].add(leaf)
            self.edges.append(edge)
            self.kept |= {(level, index): hash_ for level, index, hash_ in whole}

    def nodes(self, level: int, index: int) -> bytes:
        return self.kept[level, index]


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(bytes([n % 256, n // 256])) for n in range(count)]


def test_the_published_roots_come_out() -> None:
    edge = Frontier()
    assert edge.root.hex() == ROOTS[0]
    for data, root in zip(LEAVES, ROOTS[1:], strict=True):
        edge, _ = edge.add(leaf_hash(data))
        assert edge.root.hex() == root


@given(st.integers(0, 70))
def test_the_edge_and_the_nodes_give_the_root_by_definition(size: int) -> None:
    tree = Tree(leaves(70))
    expected = root_by_definition(leaves(size))
    assert tree.edges[size].root == expected
    assert merkle.root_of(size, tree.nodes) == expected


def test_every_inclusion_proof_of_every_small_tree_holds_for_its_own_leaf_alone() -> None:
    tree = Tree(leaves(20))
    for size in range(1, 21):
        root = tree.edges[size].root
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, tree.nodes)
            for other in range(20):
                holds = merkle.verify_inclusion(leaf=leaves(20)[other], index=index, size=size, proof=proof, root=root)
                assert holds == (other == index)


def test_every_consistency_proof_of_every_small_tree_holds_for_its_own_roots_alone() -> None:
    tree = Tree(leaves(20))
    for second in range(21):
        for first in range(second + 1):
            proof = merkle.consistency_proof(first, second, tree.nodes)
            roots = {"first_root": tree.edges[first].root, "second_root": tree.edges[second].root}
            assert merkle.verify_consistency(first=first, second=second, proof=proof, **roots)
            # Every tree begins with the empty one: there the second root does not matter.
            for name in roots if first or not second else ("first_root",):
                forged = {**roots, name: leaf_hash(b"forged")}
                assert not merkle.verify_consistency(first=first, second=second, proof=proof, **forged)


@given(st.data())
def test_a_proof_with_anything_changed_does_not_hold(data: st.DataObject) -> None:
    tree = Tree(leaves(40))
    size = data.draw(st.integers(2, 40))
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, tree.nodes)
    place = data.draw(st.integers(0, len(proof) - 1))
    forged = data.draw(
        st.sampled_from(
            [
                [*proof[:place], bytes([proof[place][0] ^ 1]) + proof[place][1:], *proof[place + 1 :]],
                [*proof[:place], *proof[place + 1 :]],
                [*proof, proof[-1]],
                [*proof[:place], b"", *proof[place + 1 :]],
            ]
        )
    )
    leaf, root = leaves(40)[index], tree.edges[size].root
    assert merkle.verify_inclusion(leaf=leaf, index=index, size=size, proof=proof, root=root)
    assert not merkle.verify_inclusion(leaf=leaf, index=index, size=size, proof=forged, root=root)


def test_a_proof_of_what_is_not_there_is_not_made() -> None:
    tree = Tree(leaves(4))
    for index, size in ((4, 4), (-1, 4), (0, 0)):
        with pytest.raises(IndexError):
            merkle.inclusion_proof(index, size, tree.nodes)
    with pytest.raises(IndexError):
        merkle.consistency_proof(4, 3, tree.nodes)


def test_others_inclusion_proofs_are_judged_as_they_judge_them(shared: Path) -> None:
    cases = json.loads((shared / "data/merkle-inclusion/cases.json").read_text())["cases"]
    wrong = [
        case["name"]
        for case in cases
        if merkle.verify_inclusion(
            leaf=b64decode(case["leafHash"] or ""),
            index=case["leafIdx"],
            size=case["treeSize"],
            proof=[b64decode(each or "") for each in case["proof"] or []],
            root=b64decode(case["root"] or ""),
        )
        == case["wantErr"]
    ]
    assert (len(cases), wrong) == (98, [])
