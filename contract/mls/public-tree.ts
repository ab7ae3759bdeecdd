import type { GroupInfo, LeafNode, RatchetTree } from 'ts-mls';
import { decodeGroupInfo } from 'ts-mls/groupInfo.js';
import { addLeafNode, decodeRatchetTree, removeLeafNode } from 'ts-mls/ratchetTree.js';
import { treeHashRoot } from 'ts-mls/treeHash.js';
import { leafToNodeIndex, nodeToLeafIndex, toLeafIndex } from 'ts-mls/treemath.js';
import { applyUpdatePath } from 'ts-mls/updatePath.js';
import { equalBytes } from '../x509/index.ts';
import type { Handshake } from './handshake.ts';
import { HASH } from './hash.ts';
import { MAX_GROUP_INFO_BYTES } from './limits.ts';
import { isReadable } from './readable-tree.ts';
import { decodeAll, refuse } from './refuse.ts';

/** The leaf at an index of a tree; undefined: blank, or outside of it. */
export function leafAt(tree: RatchetTree, index: number): LeafNode | undefined {
  const node = tree[leafToNodeIndex(toLeafIndex(index))];
  return node?.nodeType === 'leaf' ? node.leaf : undefined;
}

/** All members of a tree with their leaf indices, in order. */
export function leavesOf(tree: RatchetTree): Array<[index: number, leaf: LeafNode]> {
  return tree.flatMap((node, i) =>
    node?.nodeType === 'leaf' ? [[i / 2, node.leaf] as [number, LeafNode]] : [],
  );
}

/**
 * The public part of a group after a commit (RFC 9420 section 12.4.2), as the delivery service follows it, which has none of the secrets:
 * nothing but the tree's hash says that the result is right.
 *
 * @returns the new tree, and the committer's leaf index in it
 * @throws {CanopyError} ENCRYPTION_INVALID
 */
export async function applyCommit(
  tree: RatchetTree,
  { sender, adds, removes, path }: Handshake,
): Promise<{ tree: RatchetTree; committer: number }> {
  if (sender !== undefined && (!leafAt(tree, sender) || removes.includes(sender))) {
    refuse('the committer is not a member, or removes itself');
  }
  if (removes.some((index) => !leafAt(tree, index))) {
    refuse('the removal of nobody');
  }
  try {
    let next = removes.reduce((reduced, index) => removeLeafNode(reduced, toLeafIndex(index)), tree);
    for (const { leafNode } of adds) {
      [next] = addLeafNode(next, leafNode);
    }
    if (sender !== undefined) {
      const committer = toLeafIndex(sender);
      return { tree: path ? await applyUpdatePath(next, committer, path, HASH) : next, committer: sender };
    }
    if (!path) {
      refuse('a commit without an update path');
    }
    const [extended, nodeIndex] = addLeafNode(next, path.leafNode);
    const committer = nodeToLeafIndex(nodeIndex);
    return { tree: await applyUpdatePath(extended, committer, path, HASH, true), committer };
  } catch (cause) {
    refuse('the commit does not fit the tree', cause);
  }
}

/** Reads a GroupInfo without its tree. @throws {CanopyError} ENCRYPTION_INVALID */
export function readGroupInfo(bytes: Uint8Array): GroupInfo {
  if (bytes.length > MAX_GROUP_INFO_BYTES) {
    refuse(`a GroupInfo of over ${MAX_GROUP_INFO_BYTES} bytes`);
  }
  return decodeAll(decodeGroupInfo, bytes, 'the GroupInfo');
}

/** Reads a ratchet tree. @throws {CanopyError} ENCRYPTION_INVALID */
export function readTree(bytes: Uint8Array): RatchetTree {
  const tree = decodeAll(decodeRatchetTree, bytes, 'the tree');
  if (!isReadable(tree)) {
    refuse('a tree that the library would refuse');
  }
  return tree;
}

/** @throws {CanopyError} ENCRYPTION_INVALID - the tree does not have this hash */
export async function requireTreeHash(tree: RatchetTree, hash: Uint8Array): Promise<void> {
  let actual: Uint8Array;
  try {
    actual = await treeHashRoot(tree, HASH);
  } catch (cause) {
    refuse('the tree has no hash', cause);
  }
  if (!equalBytes(actual, hash)) {
    refuse('the tree is not the one in the GroupInfo');
  }
}
