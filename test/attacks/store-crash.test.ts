import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CanopyError, enrol, type Identity, memoryStore, parseInvitation } from '../../client/sdk/index.ts';
import type { AccountInfo } from '../../signaling/index.ts';
import { PostgresServer } from '../support/postgres.ts';
import { freePort } from '../support/programs.ts';
import { TestServer } from '../support/server.ts';

const ENROLMENTS = 1000;
/** Number of enrolments at each kill, and of people who enrol at once. */
const KILLED_AT = [200, 500, 800];
const AT_ONCE = 16;
const PAGE = 1000;

type Link = NonNullable<ReturnType<typeof parseInvitation>>;

/** Each request comes from its own address, since enrolments per address are limited. */
let addresses = 0;
const forwarded = (): Record<string, string> => {
  addresses += 1;
  return { 'x-forwarded-for': `10.1.${Math.floor(addresses / 250) % 250}.${addresses % 250}` };
};
const fromAnywhere: typeof fetch = (input, init) => {
  const headers = { ...(init?.headers as Record<string, string> | undefined), ...forwarded() };
  return fetch(input, { ...init, headers });
};

describe('enrolments during crashes', () => {
  for (const engine of ['SQLite', 'PostgreSQL']) {
    const skip = engine === 'PostgreSQL' && (PostgresServer.missing ?? false);
    it(`threat 42: kill -9 during ${ENROLMENTS} enrolments burns no invitation and loses no account (${engine})`, {
      skip,
    }, async (t) => {
      const dataDir = mkdtempSync(join(tmpdir(), 'canopy-crash-'));
      t.after(() => rmSync(dataDir, { recursive: true, force: true }));
      const postgres = engine === 'PostgreSQL' ? await PostgresServer.start() : undefined;
      t.after(() => postgres?.close());
      const url = await postgres?.createDatabase();
      const port = await freePort();
      const start = () =>
        TestServer.start({
          dataDir,
          flags: ['--workers', '1', '--port', `${port}`],
          env: { CANOPY_SERVER_TRUST_PROXY: '1', ...(url !== undefined && { CANOPY_STORE_URL: url }) },
        });
      let server = await start();
      t.after(() => server.terminate());

      const links: Link[] = [];
      await atOnce(ENROLMENTS, async () => {
        const options = { role: 'member', displayName: 'Ann' };
        const { url: text } = await server.api<{ url: string }>('POST', '/api/invites', options, forwarded());
        const invitation = parseInvitation(text);
        assert.ok(invitation);
        links.push(invitation);
      });

      const people: Identity[] = [];
      const crashes = [...KILLED_AT];
      let crashing: Promise<void> | undefined;
      const crash = async () => {
        await Promise.all([server.crash(), postgres?.crash()]);
        await postgres?.restart();
        server = await start();
      };
      await atOnce(ENROLMENTS, async (n) => {
        const link = links[n];
        assert.ok(link);
        const store = memoryStore();
        for (;;) {
          try {
            people.push(await enrol({ serverUrl: server.url, store, fetch: fromAnywhere, ...link }));
            break;
          } catch (error) {
            // People retry these; anything else, such as INVITE_USED, is a failure.
            if (!CanopyError.from(error).retryable) {
              throw error;
            }
            await crashing;
          }
        }
        if (people.length >= (crashes[0] ?? Number.POSITIVE_INFINITY)) {
          crashes.shift();
          crashing = crash();
          await crashing;
        }
      });
      assert.deepEqual(crashes, []);

      const known = new Set<string>();
      for (let before = ''; ; ) {
        const { accounts } = await server.api<{ accounts: AccountInfo[] }>(
          'GET',
          `/api/accounts?limit=${PAGE}${before}`,
        );
        for (const { accountId } of accounts) {
          known.add(accountId);
        }
        if (accounts.length < PAGE) {
          break;
        }
        before = `&before=${accounts.at(-1)?.accountId}`;
      }
      assert.equal(known.size, ENROLMENTS);
      assert.ok(people.every((identity) => known.has(accountIdOf(identity))));
      const { invitations } = await server.api<{ invitations: Array<{ createdBy: string | null }> }>(
        'GET',
        '/api/invites',
      );
      assert.deepEqual(
        invitations.filter(({ createdBy }) => createdBy !== 'start'),
        [],
      );
    });
  }
});

/** SHA-256 of the public key in the account's certificate. */
function accountIdOf({ chain: [, account = ''] }: Identity): string {
  const { publicKey } = new X509Certificate(Buffer.from(account, 'base64'));
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Runs `work` this many times, several at once. */
async function atOnce(times: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < times) {
      const n = next;
      next += 1;
      await work(n);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}
