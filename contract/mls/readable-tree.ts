import type { RatchetTree } from 'ts-mls';
import { directPath, leafToNodeIndex, leafWidth, root, toLeafIndex } from 'ts-mls/treemath.js';

/**
 * Whether newcomers can read a tree. ts-mls 1.6.4 refuses, when it joins, trees that RFC 9420 (section 7.9.2) permits: all non-blank
 * ancestors of an unmerged leaf must have the same list of unmerged leaves. This is the same check, without the signatures and hashes that
 * belong to it in the library. Whoever changes a tree so that it fails would keep everybody out who comes later.
 */
export function isReadable(tree: RatchetTree): boolean {
  return tree.every(
    (node, i) =>
      node === undefined ||
      // Leaves have the even indices.
      ((i % 2 === 0) === (node.nodeType === 'leaf') &&
        (node.nodeType === 'leaf' ||
          node.parent.unmergedLeaves.every((leaf) => hasSameAbove(tree, leaf, node.parent.unmergedLeaves)))),
  );
}

/**
 * Whether a tree stays readable whatever path commits follow: its members have merged all leaves, except at the root, which each path commit
 * renews. A full tree grows by the next newcomer, so that its root is no longer the root.
 */
export function staysReadable(tree: RatchetTree): boolean {
  const width = leafWidth(tree.length);
  const top = root(width);
  const hasRoom = tree.filter((node) => node?.nodeType === 'leaf').length < width;
  return tree.every(
    (node, i) =>
      node?.nodeType !== 'parent' || node.parent.unmergedLeaves.length === 0 || (i === top && hasRoom),
  );
}

function hasSameAbove(tree: RatchetTree, leaf: number, unmerged: readonly number[]): boolean {
  const nodeIndex = leafToNodeIndex(toLeafIndex(leaf));
  // First, as the path of a leaf outside of the tree has no end.
  if (tree[nodeIndex]?.nodeType !== 'leaf') {
    return false;
  }
  return directPath(nodeIndex, leafWidth(tree.length)).every((index) => {
    const node = tree[index];
    return node?.nodeType !== 'parent' || isSame(node.parent.unmergedLeaves, unmerged);
  });
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((leaf, i) => leaf === b[i]);
}
