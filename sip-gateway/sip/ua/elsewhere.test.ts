import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isElsewhere } from './elsewhere.ts';

describe('isElsewhere()', () => {
  for (const [host, seenAt, expected] of [
    ['192.168.77.10', '198.51.100.7', true],
    ['10.1.2.3', '198.51.100.7', true],
    ['172.20.0.1', '198.51.100.7', true],
    ['100.64.1.1', '198.51.100.7', true],
    ['192.168.77.10', '127.0.0.2', true],
    ['127.0.0.1', '192.168.1.5', true],
    ['0.0.0.0', '192.168.1.5', true],
    ['169.254.1.1', '192.168.1.5', true],
    ['[fd00::5]', '2001:db8::1', true],
    ['[fe80::5]', '2001:db8::1', true],
    ['phone.invalid', '198.51.100.7', true],
    ['invalid', '198.51.100.7', true],
    // Two private networks may belong to one company.
    ['192.168.77.10', '10.0.0.1', false],
    ['198.51.100.8', '198.51.100.7', false],
    ['[2001:db8::2]', '2001:db8::1', false],
    ['198.51.100.8', '192.168.1.5', false],
    ['127.0.0.1', '127.0.0.2', false],
    ['pbx.example', '198.51.100.7', false],
    ['invalid.example', '198.51.100.7', false],
  ] as const) {
    it(`${host} of a peer at ${seenAt} is ${expected ? 'unreachable' : 'reachable'}`, () => {
      assert.equal(isElsewhere(host, seenAt), expected);
    });
  }
});
