import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mayNameTarget } from './target-guard.ts';

it('a peer may name itself and other hosts as target, but no group, and loopback or link-local addresses only if it has one', () => {
  for (const [source, target, may] of [
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '10.0.0.7', true],
    ['192.0.2.1', '2001:db8::1', true],
    ['192.0.2.1', '127.0.0.1', false],
    ['2001:db8::1', '::1', false],
    ['192.0.2.1', '169.254.169.254', false],
    ['192.0.2.1', 'fe80::1', false],
    ['192.0.2.1', '224.0.0.5', false],
    ['192.0.2.1', '255.255.255.255', false],
    ['192.0.2.1', '0.0.0.0', false],
    ['192.0.2.1', '::', false],
    ['192.0.2.1', 'ff02::1', false],
    ['127.0.0.5', '127.0.0.9', true],
    ['127.0.0.5', '::1', true],
    ['127.0.0.5', '224.0.0.5', false],
    ['fe80::1', 'fe80::2', true],
    ['169.254.1.1', '127.0.0.1', false],
  ] as const) {
    assert.equal(mayNameTarget(source, target), may, `${target} named by ${source}`);
  }
});
