import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LeafNode, RatchetTree } from 'ts-mls';
import { isReadable, staysReadable } from './index.ts';

// Only the shape counts here.
const leaf = { nodeType: 'leaf', leaf: {} as LeafNode } as const;
const parent = (...unmergedLeaves: number[]) =>
  ({
    nodeType: 'parent',
    parent: { hpkePublicKey: new Uint8Array(), parentHash: new Uint8Array(), unmergedLeaves },
  }) as const;
const none = undefined;

describe('which trees newcomers can read', () => {
  it('those without unmerged leaves, and with the same ones in all parents above them', () => {
    const trees: RatchetTree[] = [
      [leaf],
      [leaf, none, leaf],
      [leaf, parent(), leaf, parent(), leaf, parent(), leaf],
      // Leaf 3 was added, and its parents are non-blank; then with a blank one.
      [leaf, parent(), leaf, parent(3), leaf, parent(3), leaf],
      [leaf, parent(), leaf, parent(3), leaf, none, leaf],
    ];
    for (const tree of trees) {
      assert.ok(isReadable(tree), JSON.stringify(tree));
    }
  });

  it('not those that RFC 9420 permits and the library refuses: two added leaves with parents of their own', () => {
    // Leaves 1 and 2 were added at once.
    assert.ok(!isReadable([leaf, parent(1), leaf, parent(1, 2), leaf, parent(2), leaf]));
    assert.ok(!isReadable([leaf, parent(1), leaf, parent(1, 2), leaf, none, leaf]));
  });

  it('of those, only some stay so: a path commit renews the root, and not the parent of a leaf on the other side', () => {
    assert.ok(staysReadable([leaf, parent(), leaf, none, none, none, none]));
    assert.ok(staysReadable([leaf, none, leaf, parent(1), leaf, none, none]));
    assert.ok(!staysReadable([leaf, parent(1), leaf, parent(1), leaf, none, none]));
    // The next newcomer would make the root a child of another.
    assert.ok(!staysReadable([leaf, none, leaf, parent(1), leaf, none, leaf]));
  });

  it('not those with unmerged leaves that are blank or outside of the tree, and none with a leaf for a parent', () => {
    assert.ok(!isReadable([leaf, parent(), leaf, parent(2), none, none, leaf]));
    assert.ok(!isReadable([leaf, parent(4_000_000_000), leaf]));
    assert.ok(!isReadable([leaf, leaf, leaf]));
    assert.ok(!isReadable([parent(), parent(), leaf]));
  });
});
