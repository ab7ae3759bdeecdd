import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLogger, loadConfig } from '../../../base/index.ts';
import { PROTOCOL_VERSION } from '../../../contract/index.ts';
import { Authority, createNonce, TrustStore } from '../../identity/index.ts';
// biome-ignore lint/plugin: people with real certificates are made there
import { Person, prove } from '../../identity/test-pki/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { Accounts, Devices } from '../accounts/index.ts';
import { createBudgets } from '../budgets/index.ts';
import { KERNEL_MIGRATIONS } from '../migrations.ts';
import type { Session } from '../sockets/index.ts';
import { signInHandlers } from './sign-in.ts';

const ORIGIN = 'http://localhost:8443';

describe('auth.prove', () => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-auth-'));
  let store: Store;
  let authority: Authority;
  let trust: TrustStore;
  let devices: Devices;

  before(async () => {
    store = await openStore(dir, { migrations: KERNEL_MIGRATIONS });
    devices = new Devices(store);
    authority = await Authority.open({ dir, name: 'Test' });
    trust = await TrustStore.create({ authority, policy: 'invite' });
  });
  after(async () => {
    await devices.close();
    await store.close();
    rmSync(dir, { recursive: true });
  });

  /** Signs a new person in, whose account is revoked when the store is asked for the `step`. */
  async function signIn(step?: 'find'): Promise<Session> {
    const person = await Person.enrol(authority);
    const { accountId } = person;
    const nowMs = Date.now();
    const accounts = new Accounts(store);
    await accounts.ensure({ accountId, displayName: 'Ada', role: 'member', source: 'invite', nowMs });
    if (step) {
      const ask = accounts[step].bind(accounts) as (...args: unknown[]) => Promise<never>;
      accounts[step] = async (...args: unknown[]) => {
        await authority.revocation.revoke(accountId);
        return ask(...args);
      };
    }
    const config = loadConfig({ env: {} });
    const handlers = signInHandlers({
      accounts,
      budgets: createBudgets(config),
      config,
      devices,
      draining: false,
      happenings: { emit: () => undefined },
      rooms: { hasSeat: () => false },
      sfu: { routerRtpCapabilities: {} },
      origins: { current: () => new Set([ORIGIN]), forLinks: (origin) => origin },
      stage: () => undefined,
      trust,
    });
    const nonce = createNonce();
    const session: Session = {
      connectionId: 'c',
      connection: { origin: '', send: () => undefined, end: () => undefined },
      address: '::1',
      openedAtMs: 0,
      nonce,
      principal: null,
      holder: {},
      releases: [],
      seat: null,
      stages: new Set(),
      joining: false,
      closed: false,
      log: createLogger({ level: 'silent', format: 'json' }),
    };
    const proof = await prove(await person.device(), { origin: ORIGIN, nonce, timeMs: nowMs });
    const proving = handlers['auth.prove'](session, {
      protocolVersion: PROTOCOL_VERSION,
      ...proof,
      chain: [...proof.chain],
    });
    if (step) {
      await assert.rejects(proving, { code: 'CERT_REVOKED' });
    } else {
      await proving;
    }
    return session;
  }

  it('authenticates a device, which the store then remembers', async () => {
    const { principal } = await signIn();
    assert.ok(principal);
    const [device] = await devices.of([principal.accountId]);
    assert.equal(device?.device_id, principal.device.deviceId);
  });

  it('threat 7: refuses a device that is revoked while the store is queried', async () => {
    assert.equal((await signIn('find')).principal, null);
  });
});
