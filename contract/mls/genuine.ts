import type { GroupContext, GroupInfo, KeyPackage, LeafNode, RatchetTree, Signature } from 'ts-mls';
import { nextEpochContext } from 'ts-mls/clientState.js';
import { verifyFramedContentSignature } from 'ts-mls/framedContent.js';
import { encodeGroupContext } from 'ts-mls/groupContext.js';
import { verifyGroupInfoSignature } from 'ts-mls/groupInfo.js';
import { verifyKeyPackage } from 'ts-mls/keyPackage.js';
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { treeHashRoot } from 'ts-mls/treeHash.js';
import { equalBytes, rawEcdsa } from '../x509/index.ts';
import { CIPHER_SUITE } from './cipher-suite.ts';
import type { Handshake } from './handshake.ts';
import { HASH } from './hash.ts';
import { leafAt } from './public-tree.ts';
import { refuse } from './refuse.ts';
import { POLICY_EXTENSION } from './room-policy.ts';

const P256 = 'P-256';
/** Maximum number of entries in each list of a leaf's capabilities. */
const MAX_CAPABILITIES = 16;

/** Verifies a signature of the cipher suite: ECDSA in DER. Never rejects. */
export async function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  try {
    const algorithm = { name: 'ECDSA', namedCurve: P256 };
    const key = await crypto.subtle.importKey('raw', new Uint8Array(publicKey), algorithm, false, ['verify']);
    const raw = rawEcdsa(new Uint8Array(signature), 32);
    return await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, raw, new Uint8Array(message));
  } catch {
    return false;
  }
}

function neverSigns(): never {
  throw new TypeError('the delivery service has no keys');
}
const VERIFIER: Signature = { verify: verifySignature, sign: neverSigns, keygen: neverSigns };

/** @throws {CanopyError} ENCRYPTION_INVALID - it was not signed by its device, or others could not use it */
export async function requireGenuineKeyPackage(keyPackage: KeyPackage): Promise<void> {
  const { leafNode, initKey, extensions } = keyPackage;
  requireForm(leafNode);
  if (extensions.length > 0 || equalBytes(initKey, leafNode.hpkePublicKey)) {
    refuse('a key package with extensions, or with one key for two purposes');
  }
  await requireHpkeKeys([initKey, leafNode.hpkePublicKey]);
  if (
    !(await verifyLeafNodeSignatureKeyPackage(leafNode, VERIFIER)) ||
    !(await verifyKeyPackage(keyPackage, VERIFIER))
  ) {
    refuse('the signature of a key package is wrong');
  }
}

/** The only leaf of a new group, which is still that of its founder's key package. @throws {CanopyError} ENCRYPTION_INVALID */
export async function requireGenuineFounder(leaf: LeafNode): Promise<void> {
  requireForm(leaf);
  await requireHpkeKeys([leaf.hpkePublicKey]);
  if (leaf.leafNodeSource !== 'key_package' || !(await verifyLeafNodeSignatureKeyPackage(leaf, VERIFIER))) {
    refuse('the signature of the founder’s leaf is wrong');
  }
}

/**
 * Checks the signatures of a commit: that of its framing, and that of the committer's new leaf.
 *
 * @param before the epoch that it ends
 * @throws {CanopyError} ENCRYPTION_INVALID
 */
export async function requireGenuineCommit(
  { message, sender, path }: Handshake,
  before: { tree: RatchetTree; context: GroupContext },
  committer: number,
): Promise<void> {
  const { tree, context } = before;
  const signer = sender === undefined ? path?.leafNode : leafAt(tree, sender);
  const { content, auth } = message;
  const wireFormat = 'mls_public_message';
  if (
    !signer ||
    !(await verifyFramedContentSignature(
      signer.signaturePublicKey,
      wireFormat,
      content,
      auth,
      context,
      VERIFIER,
    ))
  ) {
    refuse('the signature of the commit is wrong');
  }
  if (path) {
    const { leafNode, nodes } = path;
    requireForm(leafNode);
    await requireHpkeKeys([leafNode.hpkePublicKey, ...nodes.map(({ hpkePublicKey }) => hpkePublicKey)]);
    if (!(await verifyLeafNodeSignature(leafNode, context.groupId, committer, VERIFIER))) {
      refuse('the signature of the committer’s leaf is wrong');
    }
  }
}

/** The context of a new group. */
export async function foundedContext(
  tree: RatchetTree,
  { groupId, extensions }: Pick<GroupContext, 'groupId' | 'extensions'>,
): Promise<GroupContext> {
  return {
    version: 'mls10',
    cipherSuite: CIPHER_SUITE,
    groupId,
    epoch: 0n,
    treeHash: await hashOf(tree),
    confirmedTranscriptHash: new Uint8Array(),
    extensions,
  };
}

/** The context after a commit that leads to this tree. */
export async function nextContext(
  { message: { content, auth } }: Handshake,
  before: Pick<GroupInfo, 'groupContext' | 'confirmationTag'>,
  tree: RatchetTree,
): Promise<GroupContext> {
  if (content.contentType !== 'commit') {
    refuse('not a commit');
  }
  return nextEpochContext(
    before.groupContext,
    'mls_public_message',
    content,
    auth.signature,
    await hashOf(tree),
    before.confirmationTag,
    HASH,
  );
}

/**
 * Checks that a GroupInfo is of an epoch, by all that is public, and was signed by whoever made the epoch.
 *
 * @throws {CanopyError} ENCRYPTION_INVALID
 */
export async function requireGenuineGroupInfo(
  info: GroupInfo,
  expected: { context: GroupContext; tree: RatchetTree; signer: number; confirmationTag?: Uint8Array },
): Promise<void> {
  const { context, tree, signer, confirmationTag = info.confirmationTag } = expected;
  const [external, ...others] = info.extensions;
  if (
    !equalBytes(encodeGroupContext(info.groupContext), encodeGroupContext(context)) ||
    !equalBytes(info.confirmationTag, confirmationTag) ||
    info.signer !== signer ||
    external?.extensionType !== 'external_pub' ||
    others.length > 0
  ) {
    refuse('the GroupInfo is not that of the new epoch');
  }
  await requireHpkeKeys([external.extensionData]);
  const leaf = leafAt(tree, signer);
  if (!leaf || !(await verifyGroupInfoSignature(info, leaf.signaturePublicKey, VERIFIER))) {
    refuse('the signature of the GroupInfo is wrong');
  }
}

/** @throws {CanopyError} ENCRYPTION_INVALID - members could not have such a leaf beside theirs */
function requireForm({ capabilities, extensions }: LeafNode): void {
  const isTooLong = Object.values(capabilities).some((list) => list.length > MAX_CAPABILITIES);
  if (
    extensions.length > 0 ||
    isTooLong ||
    !capabilities.credentials.includes('x509') ||
    !capabilities.extensions.includes(POLICY_EXTENSION)
  ) {
    refuse('a leaf with extensions, or without a capability that rooms need');
  }
}

/** A key that is not a point of the curve would end the group: nobody could encrypt to it. @throws {CanopyError} ENCRYPTION_INVALID */
async function requireHpkeKeys(keys: readonly Uint8Array[]): Promise<void> {
  const algorithm = { name: 'ECDH', namedCurve: P256 };
  try {
    for (const key of keys) {
      await crypto.subtle.importKey('raw', new Uint8Array(key), algorithm, false, []);
    }
  } catch (cause) {
    refuse('a key that is not on P-256', cause);
  }
}

async function hashOf(tree: RatchetTree): Promise<Uint8Array> {
  try {
    return await treeHashRoot(tree, HASH);
  } catch (cause) {
    refuse('the tree has no hash', cause);
  }
}
