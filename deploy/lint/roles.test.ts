import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from '../setup/index.mjs';

/** Where roles are compared: the policy itself, who principals are, and where an account's role is raised and kept. */
const PERMITTED =
  /^signaling\/(?:kernel\/(?:policy|principals)\/|kernel\/accounts\/accounts\.ts$|features\/invitations\/invitations\.ts$)/;

const NAME = `['"](?:admin|member|guest|owner|moderator|speaker|viewer)['"]`;
/** A comparison with the name of a role, or of something called a role; a principal's kind is no role. */
const ROLE_TEST = new RegExp(
  [
    String.raw`[!=]==?\s*${NAME}`,
    String.raw`${NAME}\s*[!=]==?`,
    String.raw`\w*[rR]oles?\)?\s*[!=]==?\s*['"]`,
    String.raw`\bcase\s+${NAME}`,
    String.raw`[rR]oles?\.includes\(`,
    String.raw`\.includes\([\w.?]*[rR]ole\)`,
    String.raw`\bis_?[gG]ateway\b\s*(?:\)|&&|\|\||\?|===)(?!\s*1\b)`,
  ].join('|'),
);

describe('rights', () => {
  it('are decided by the policy alone: nothing else in the control plane compares roles', () => {
    const found: string[] = [];
    for (const name of readdirSync(join(root, 'signaling'), { recursive: true, encoding: 'utf8' })) {
      const file = `signaling/${name}`;
      if (!name.endsWith('.ts') || name.endsWith('.test.ts') || PERMITTED.test(file)) {
        continue;
      }
      for (const [index, line] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
        if (ROLE_TEST.test(line)) {
          found.push(`${file}:${index + 1}: ${line.trim()}`);
        }
      }
    }
    assert.deepEqual(found, [], 'ask may() or demand() instead');
  });

  it('finds a comparison in each of its forms', () => {
    for (const line of [
      "if (principal.role !== 'admin') {",
      "peer.role === 'bridge' ? 1 : 2",
      "'guest' === role",
      "case 'member':",
      'if (!roles.includes(principal.role)) {',
      'if (allowed.includes(role)) {',
      'if (principal.isGateway) {',
    ]) {
      assert.match(line, ROLE_TEST);
    }
    for (const line of [
      "return kind === 'bridge' ? 32 : 1;",
      "role: role.default('guest'),",
      'role: account.role,',
    ]) {
      assert.doesNotMatch(line, ROLE_TEST);
    }
  });
});
