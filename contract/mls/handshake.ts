import type { Commit, KeyPackage, Proposal, PublicMessage, UpdatePath } from 'ts-mls';
import { decodeMlsMessage } from 'ts-mls/message.js';
import { CIPHER_SUITE } from './cipher-suite.ts';
import { CLOCK_SKEW_SECONDS, MAX_COMMIT_BYTES, MAX_KEY_PACKAGE_BYTES, MAX_PROPOSALS } from './limits.ts';
import { decodeAll, refuse } from './refuse.ts';

/** A commit as rooms permit it, read but not verified. */
export interface Handshake {
  readonly message: PublicMessage;
  readonly groupId: Uint8Array;
  /** The epoch that it ends. */
  readonly epoch: bigint;
  /** The committer's leaf index; undefined: a newcomer's external commit. */
  readonly sender: number | undefined;
  readonly adds: readonly KeyPackage[];
  /** Leaf indices. A newcomer may remove one: an earlier leaf of its own device. */
  readonly removes: readonly number[];
  readonly path: UpdatePath | undefined;
}

/**
 * Reads a commit: a PublicMessage whose proposals are all in it, and which only adds and removes members. So nothing else can ever change
 * the group (its context with the room's policy, say), and no proposal waits anywhere.
 *
 * @throws {CanopyError} ENCRYPTION_INVALID
 */
export function readCommit(bytes: Uint8Array): Handshake {
  if (bytes.length > MAX_COMMIT_BYTES) {
    refuse(`a commit of over ${MAX_COMMIT_BYTES} bytes`);
  }
  const message = decodeAll(decodeMlsMessage, bytes, 'the message');
  if (message.wireformat !== 'mls_public_message') {
    refuse('not a PublicMessage');
  }
  const { publicMessage } = message;
  const { content } = publicMessage;
  if (content.contentType !== 'commit') {
    refuse('not a commit');
  }
  const { sender, groupId, epoch, commit, authenticatedData } = content;
  if (authenticatedData.length > 0) {
    refuse('authenticated data, which rooms have no use for');
  }
  if (sender.senderType !== 'member' && sender.senderType !== 'new_member_commit') {
    refuse(`a sender of type ${sender.senderType}`);
  }
  const isNewcomer = sender.senderType === 'new_member_commit';
  const { adds, removes } = readProposals(commit, isNewcomer);
  const { path } = commit;
  if (!path && (isNewcomer || removes.length > 0 || adds.length === 0)) {
    refuse('a commit without an update path');
  }
  return {
    message: publicMessage,
    groupId,
    epoch,
    sender: isNewcomer ? undefined : sender.leafIndex,
    adds,
    removes,
    path,
  };
}

function readProposals(
  { proposals }: Commit,
  isNewcomer: boolean,
): { adds: KeyPackage[]; removes: number[] } {
  if (proposals.length > MAX_PROPOSALS) {
    refuse(`over ${MAX_PROPOSALS} proposals`);
  }
  const adds: KeyPackage[] = [];
  const removes = new Set<number>();
  let inits = 0;
  for (const each of proposals) {
    if (each.proposalOrRefType !== 'proposal') {
      refuse('a proposal by reference');
    }
    const { proposal } = each;
    if (isOf(proposal, 'add') && !isNewcomer) {
      adds.push(proposal.add.keyPackage);
    } else if (isOf(proposal, 'remove') && !removes.has(proposal.remove.removed)) {
      removes.add(proposal.remove.removed);
    } else if (isOf(proposal, 'external_init') && isNewcomer && inits === 0) {
      inits += 1;
    } else {
      refuse(`a proposal ${proposal.proposalType} that is not permitted here`);
    }
  }
  if (isNewcomer && (inits !== 1 || removes.size > 1)) {
    refuse('an external commit has one external init and at most one removal');
  }
  return { adds, removes: [...removes] };
}

function isOf<T extends Proposal['proposalType']>(
  proposal: Proposal,
  type: T,
): proposal is Extract<Proposal, { proposalType: T }> {
  return proposal.proposalType === type;
}

/** Reads a key package. @throws {CanopyError} ENCRYPTION_INVALID - also if it has expired */
export function readKeyPackage(bytes: Uint8Array, nowMs = Date.now()): KeyPackage {
  if (bytes.length > MAX_KEY_PACKAGE_BYTES) {
    refuse(`a key package of over ${MAX_KEY_PACKAGE_BYTES} bytes`);
  }
  const message = decodeAll(decodeMlsMessage, bytes, 'the key package');
  if (message.wireformat !== 'mls_key_package') {
    refuse('not a key package');
  }
  requireUsable(message.keyPackage, nowMs);
  return message.keyPackage;
}

/** @throws {CanopyError} ENCRYPTION_INVALID - the key package has expired, or is for another cipher suite */
export function requireUsable({ cipherSuite, leafNode }: KeyPackage, nowMs = Date.now()): void {
  if (cipherSuite !== CIPHER_SUITE) {
    refuse(`a key package for ${cipherSuite}`);
  }
  const now = Math.floor(nowMs / 1000);
  const { notBefore, notAfter } = leafNode.lifetime;
  if (notAfter < BigInt(now - CLOCK_SKEW_SECONDS) || notBefore > BigInt(now + CLOCK_SKEW_SECONDS)) {
    refuse('a key package that has expired or is not valid yet');
  }
}
