import assert from 'node:assert/strict';

/** A removal in a commit: a proposal, its type, a leaf index (RFC 9420 section 12.1.3). */
const REMOVAL_BYTES = 7;

/** A member's commit without proposals, with so many removals put into it. The library's encoder cannot write that many. */
export function withRemovals(commit: Uint8Array, count: number): Uint8Array {
  const bytes = Buffer.from(commit);
  // Authenticated data, content type (RFC 9420 section 6).
  const at = authenticatedDataAt(bytes) + 1 + 1;
  assert.deepEqual([...bytes.subarray(at - 1, at + 2)], [3, 0, 1], 'a commit without proposals, with a path');
  const removals = Buffer.alloc(count * REMOVAL_BYTES);
  for (let removed = 0; removed < count; removed += 1) {
    removals.set([1, 0, 3], removed * REMOVAL_BYTES);
    removals.writeUInt32BE(removed, removed * REMOVAL_BYTES + 3);
  }
  const length = Buffer.alloc(4);
  length.writeUInt32BE(0x8000_0000 + removals.length);
  return Buffer.concat([bytes.subarray(0, at), length, removals, bytes.subarray(at + 1)]);
}

/** A member's commit with a byte of authenticated data put into it. */
export function withAuthenticatedData(commit: Uint8Array): Uint8Array {
  const at = authenticatedDataAt(commit);
  assert.equal(commit[at], 0, 'no authenticated data yet');
  return Buffer.concat([commit.subarray(0, at), Buffer.from([1, 0x55]), commit.subarray(at + 1)]);
}

/** After version, wire format, group id, epoch and sender (RFC 9420 sections 6 and 6.2). */
function authenticatedDataAt(commit: Uint8Array): number {
  return 4 + 1 + (commit[4] ?? 0) + 8 + 5;
}
