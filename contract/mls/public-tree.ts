import type { GroupInfo, LeafNode, RatchetTree, UpdatePath } from 'ts-mls';
import { validateLeafNodeCredentialAndKeyUniqueness } from 'ts-mls/clientState.js';
import { decodeGroupInfo } from 'ts-mls/groupInfo.js';
import {
  addLeafNode,
  decodeRatchetTree,
  filteredDirectPathAndCopathResolution,
  removeLeafNode,
} from 'ts-mls/ratchetTree.js';
import { leafToNodeIndex, nodeToLeafIndex, toLeafIndex } from 'ts-mls/treemath.js';
import { applyUpdatePath } from 'ts-mls/updatePath.js';
import type { Handshake } from './handshake.ts';
import { HASH } from './hash.ts';
import { MAX_GROUP_INFO_BYTES } from './limits.ts';
import { isReadable, staysReadable } from './readable-tree.ts';
import { decodeAll, refuse } from './refuse.ts';

/** Lengths in an update path, in bytes: a point on P-256; a secret of SHA-256 with the tag of AES-GCM. */
const KEM_OUTPUT_BYTES = 65;
const SEALED_SECRET_BYTES = 48;

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
  let next: RatchetTree;
  let committer = toLeafIndex(sender ?? 0);
  try {
    next = removes.reduce((reduced, index) => removeLeafNode(reduced, toLeafIndex(index)), tree);
    const added = new Set<number>();
    for (const { leafNode } of adds) {
      const [extended, nodeIndex] = addLeafNode(next, leafNode);
      added.add(nodeIndex);
      next = extended;
    }
    if (path && sender === undefined) {
      const [extended, nodeIndex] = addLeafNode(next, path.leafNode);
      committer = nodeToLeafIndex(nodeIndex);
      next = extended;
    }
    if (path) {
      requireCiphertexts(path, filteredDirectPathAndCopathResolution(committer, next), added);
      next = await applyUpdatePath(next, committer, path, HASH, sender === undefined);
    }
    await requireUniqueKeys(next, committer);
  } catch (cause) {
    refuse('the commit does not fit the tree', cause);
  }
  if (!staysReadable(next)) {
    refuse('nobody could join with this tree, or with one that follows');
  }
  return { tree: next, committer };
}

/** Newcomers would refuse a tree in which a key occurs twice. @throws {Error} */
async function requireUniqueKeys(tree: RatchetTree, committer: number): Promise<void> {
  const leaf = leafAt(tree, committer);
  const error = leaf && (await validateLeafNodeCredentialAndKeyUniqueness(tree, leaf));
  if (error) {
    throw error;
  }
}

/** The path has a secret for everyone who needs one, and no more bytes than that. @throws {CanopyError} ENCRYPTION_INVALID */
function requireCiphertexts(
  { nodes }: UpdatePath,
  expected: ReadonlyArray<{ resolution: readonly number[] }>,
  added: ReadonlySet<number>,
): void {
  for (const [i, { encryptedPathSecret }] of nodes.entries()) {
    const recipients = expected[i]?.resolution.filter((nodeIndex) => !added.has(nodeIndex)) ?? [];
    if (
      encryptedPathSecret.length !== recipients.length ||
      encryptedPathSecret.some(
        ({ kemOutput, ciphertext }) =>
          kemOutput.length !== KEM_OUTPUT_BYTES || ciphertext.length !== SEALED_SECRET_BYTES,
      )
    ) {
      refuse('a path whose secrets are not for those who need them');
    }
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
