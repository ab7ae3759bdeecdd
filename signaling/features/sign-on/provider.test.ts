import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../base/index.ts';
import { judgeClaims } from './claims.ts';
import { Provider } from './provider.ts';

function settings(flags: Record<string, unknown> = {}) {
  const { oidc } = loadConfig({ env: {}, flags });
  return { ...oidc, issuer: 'https://id.example', clientId: 'canopy' };
}

describe('settings of sign-on', () => {
  it('the file with the client secret must be there and not be empty', () => {
    const dir = mkdtempSync(join(tmpdir(), 'canopy-secret-'));
    try {
      const file = join(dir, 'secret');
      const open = () =>
        new Provider({
          settings: settings({ 'oidc.clientSecretFile': file }),
          redirectUri: () => 'https://meet.example/api/sign-on/callback',
        });
      assert.throws(open, { code: 'CONFIG_INVALID', detail: /^oidc\.clientSecretFile: / });
      writeFileSync(file, '\n');
      assert.throws(open, { code: 'CONFIG_INVALID', detail: /the file is empty$/ });
      writeFileSync(file, 'secret\n');
      open();
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('what the provider says about a person', () => {
  const person = { sub: 'ann', name: 'Ann', realm_access: { roles: ['staff', 'it'] }, groups: 'visitors' };

  it('decides their role: the highest counts, lists and paths included', () => {
    const role = (flags: Record<string, unknown>) => judgeClaims(person, settings(flags)).role;
    assert.equal(role({}), 'member');
    assert.equal(role({ 'oidc.defaultRole': 'guest' }), 'guest');
    const byRealm = { 'oidc.roleClaim': 'realm_access.roles', 'oidc.memberValues': 'staff' };
    assert.equal(role({ ...byRealm, 'oidc.adminValues': 'it' }), 'admin');
    assert.equal(role({ ...byRealm, 'oidc.adminValues': 'boss', 'oidc.defaultRole': 'guest' }), 'member');
    assert.equal(role({ 'oidc.roleClaim': 'groups', 'oidc.guestValues': 'visitors' }), 'guest');
    assert.equal(role({ 'oidc.roleClaim': '__proto__.x', 'oidc.adminValues': 'x' }), 'member');
  });

  it('decides whether they may enter', () => {
    const allowed = (allowedClaim: string, allowedValues: string) =>
      judgeClaims(
        person,
        settings({ 'oidc.allowedClaim': allowedClaim, 'oidc.allowedValues': allowedValues }),
      );
    assert.equal(allowed('realm_access.roles', 'boss,it').subject, 'ann');
    for (const [claim, values] of [
      ['realm_access.roles', 'boss'],
      ['realm_access', 'it'],
      ['missing', 'it'],
    ] as const) {
      assert.throws(() => allowed(claim, values), { code: 'SIGN_ON_DENIED' }, claim);
    }
  });

  it('gives a name in any case', () => {
    const name = (claims: Record<string, unknown>) =>
      judgeClaims({ sub: 'x', ...claims }, settings()).displayName;
    assert.equal(name({ name: '\u200b ', preferred_username: 'ann' }), 'ann');
    assert.equal(name({ name: 7, email: 'ann@example.com' }), 'ann@example.com');
    assert.equal(name({}), 'Guest');
  });
});
