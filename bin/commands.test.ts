import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { enrol, parseInvitation } from '../client/sdk/index.ts';
import type { AccountInfo } from '../signaling/index.ts';
import { freePort } from '../test/support/programs.ts';
import { newIdentity, ProtocolClient } from '../test/support/protocol-client.ts';
import { TestServer } from '../test/support/server.ts';
import { eventually } from '../test/support/wait.ts';

const CANOPY = fileURLToPath(new URL('canopy.ts', import.meta.url));

async function canopy(...args: string[]): Promise<{ stdout: string; stderr: string; code?: number }> {
  return promisify(execFile)(process.execPath, [CANOPY, ...args], { timeout: 60_000 }).catch(
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
}

describe('canopy commands', () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start({ flags: ['--workers', '1'] });
  });
  after(() => server.close());

  it('threat 60: a second server on the same data folder is refused, and the error names the first', async () => {
    const { code, stderr } = await canopy(
      ...['serve', '--no-sip', '--workers', '1', '--port', '0', '--rtc-port', '0', '--data', server.dataDir],
    );
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`process ${server.pid} on .*, port ${server.port} \\(DATA_IN_USE\\)`));
    const listed = await canopy(
      'doctor',
      '--no-sip',
      '--rtc-port',
      '0',
      '--workers',
      '1',
      '--data',
      server.dataDir,
    );
    assert.match(listed.stdout, new RegExp(`^ok {4}data .*process ${server.pid} .* is using it$`, 'm'));
    assert.match(listed.stdout, /^The server is running: no failures, /m);
  });

  it("canopy health finds the server's actual port", async () => {
    const { code, stderr } = await canopy('health', '--data', server.dataDir);
    assert.equal(code ?? 0, 0, stderr);
    const elsewhere = await canopy('health', '--data', server.dataDir, '--port', '1');
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.stderr, /CONNECTION_LOST/);
  });

  it('common signals neither end the server nor open a debugger', async () => {
    for (const signal of ['SIGHUP', 'SIGUSR2', 'SIGUSR1'] as const) {
      process.kill(server.pid, signal);
    }
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    const socket = connect(9229, '127.0.0.1');
    await assert.rejects(
      new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject)),
      {
        code: 'ECONNREFUSED',
      },
    );
    assert.ok(server.alive);
  });

  it('people sign in without delay while the store is not writable, and /readyz says why', async () => {
    const identity = await newIdentity(server);
    const other = new Database(join(server.dataDir, 'canopy.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    try {
      for (let n = 0; n < 3; n += 1) {
        (await ProtocolClient.enter(server.url, identity)).close();
      }
      const begunMs = performance.now();
      const ready = await fetch(`${server.url}/readyz`);
      assert.ok(performance.now() - begunMs < 1000);
      assert.equal(ready.status, 503);
      assert.match(await ready.text(), /STORE_BUSY/);
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
      await assert.rejects(server.invite(), /503 .*STORE_BUSY.*retryable/);
    } finally {
      other.exec('ROLLBACK');
      other.close();
    }
    await server.invite();
  });

  it('canopy admin finds the running server, and lists what is also under other names', async () => {
    const { stdout } = await canopy('admin', 'status', '--data', server.dataDir);
    assert.match(stdout, /^worker 0: CPU .*, process \d+$/m);
    const help = await canopy('admin', '--help');
    for (const name of ['accounts', 'revoke', 'reinstate', 'delete', 'audit', 'rooms', 'allocation']) {
      assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
    }
  });

  it('commands find the running server by its data folder, and accept names and the first digits of ids', async () => {
    const ann = await newIdentity(server, { displayName: 'Zoë Example' });
    (await ProtocolClient.enter(server.url, ann)).close();
    const data = ['--data', server.dataDir];
    const { stdout } = await canopy('accounts', '--json', '--name', 'zoë', ...data);
    const [account, ...more] = JSON.parse(stdout) as AccountInfo[];
    assert.deepEqual(more, []);
    assert.equal(account?.displayName, 'Zoë Example');
    assert.equal(account?.devices[0]?.deviceId, ann.deviceId);
    const { stdout: link, stderr: note } = await canopy('invite', ...data);
    assert.match(link, new RegExp(`^http://localhost:${server.port}/#/invite/\\S+\n$`));
    assert.match(note, /^Works once, for one member, until \S+ \S+ UTC\.$/m);
    const { stdout: everyone } = await canopy('invite', '--link', '--room', 'team', ...data);
    assert.match(everyone, new RegExp(`^http://localhost:${server.port}/#/join/[\\w-]{32}\\.[\\w-]{43}\n$`));
    assert.match((await canopy('invite', '--link', ...data)).stderr, /name it with --room/);

    assert.match(
      (await canopy('revoke', 'zz', ...data)).stderr,
      /^canopy: zz is not an id: give at least its first 4 digits/,
    );
    assert.match((await canopy('revoke', ...data)).stderr, /say whom to revoke/);
    assert.match((await canopy('revoke', '--name', 'Nobody', ...data)).stderr, /IDENTITY_UNKNOWN/);
    const start = ann.deviceId.slice(0, 10);
    const device = await canopy('revoke', '--name', 'zoë example', '--device', start, ...data);
    assert.match(device.stdout, /device is revoked \(Zoë Example\)/);
    assert.match((await canopy('revoke', '--name', 'Zoë Example', ...data)).stdout, /account is revoked/);

    assert.match((await canopy('reinstate', ...data)).stderr, /say whom to reinstate/);
    const back = await canopy('reinstate', '--name', 'zoë example', ...data);
    assert.match(back.stdout, /account may sign in again \(Zoë Example\)/);
    const only = await canopy('reinstate', '--name', 'zoë example', '--device', start, ...data);
    assert.match(only.stdout, /device may sign in again/);
    const again = await canopy('reinstate', account?.accountId ?? '', '--device', start, ...data);
    assert.match(again.stdout, /device was not revoked/);
  });

  it('an account or a room is deleted only with --yes', async () => {
    const data = ['--data', server.dataDir];
    await newIdentity(server, { displayName: 'Doomed Person' });
    const unsure = await canopy('delete', '--name', 'Doomed Person', ...data);
    assert.equal(unsure.code, 1);
    assert.match(unsure.stderr, /would delete Doomed Person .*add --yes/);
    const { stdout } = await canopy('delete', '--name', 'Doomed Person', '--yes', ...data);
    assert.match(stdout, /deleted permanently \(Doomed Person\)/);
    assert.match((await canopy('accounts', '--name', 'Doomed', ...data)).stdout, /Nobody's name contains/);
    assert.match((await canopy('delete', '--room', 'old', ...data)).stderr, /the room old .*add --yes/);
    assert.match((await canopy('delete', '--room', 'old', '--yes', ...data)).stdout, /room old is deleted/);
    assert.match((await canopy('delete', ...data)).stderr, /say what to delete/);
  });

  it('API tokens are created, listed and revoked', async () => {
    const data = ['--data', server.dataDir];
    const made = await canopy('token', 'create', 'backup job', '--scope', 'rooms:read,chat:read', ...data);
    const secret = made.stdout.trim();
    assert.match(secret, /^canopy_[\w-]{43}$/);
    assert.match(made.stderr, /^Valid until .* It cannot be shown again\.$/m);
    const rooms = () => fetch(`${server.url}/api/rooms`, { headers: { authorization: `Bearer ${secret}` } });
    assert.equal((await rooms()).status, 200);
    assert.match(
      (await canopy('token', 'list', ...data)).stdout,
      /^backup job, expires .*\n.*\n {2}scopes {2}rooms:read chat:read$/m,
    );
    assert.match(
      (await canopy('token', 'create', 'x', '--scope', 'all', ...data)).stderr,
      /unknown scope all.*rooms:read/s,
    );
    assert.match((await canopy('token', 'revoke', 'backup job', ...data)).stdout, /revoked \(backup job\)/);
    assert.equal((await rooms()).status, 401);
    const log = (await canopy('audit', '--action', 'token.*', ...data)).stdout;
    assert.match(
      log,
      /UTC {2}operator api\.key \(.*\) {2}token\.revoke .*\n.* {2}token\.create .*backup job/,
    );
  });

  it('webhooks are created, tested, disabled and deleted', async () => {
    const data = ['--data', server.dataDir];
    const hook = ['webhook', 'create', 'display', 'https://localhost:1/hook'];
    assert.match(
      (await canopy(...hook, '--events', 'all', ...data)).stderr,
      /unknown event all.*room\.started/s,
    );
    const made = await canopy(...hook, '--events', 'room.started,room.ended', ...data);
    assert.match(made.stdout, /^whsec_\S+\n$/);
    const ping = await canopy('webhook', 'ping', 'display', ...data);
    assert.equal(ping.code, 1);
    assert.match(ping.stdout, /^Not delivered: .*not a public address/);
    assert.match((await canopy('webhook', 'disable', 'display', ...data)).stdout, /is disabled \(display\)/);
    const list = (await canopy('webhook', 'list', ...data)).stdout;
    assert.match(list, /^display, DISABLED\n.*\n {2}url {5}https:\/\/localhost:1\/hook\n {2}events {2}room/);
    assert.match((await canopy('webhook', 'delete', 'display', ...data)).stdout, /deleted \(display\)/);
  });

  it('commands on a folder where no server has run are refused and create nothing there', async () => {
    const nowhere = join(server.dataDir, 'nowhere');
    for (const command of ['invite', 'accounts', 'revoke', 'reinstate']) {
      const { code, stderr } = await canopy(
        command,
        ...(['revoke', 'reinstate'].includes(command) ? ['abcd'] : []),
        '--data',
        nowhere,
      );
      assert.equal(code, 1);
      assert.match(stderr, /no server has run on .*nowhere; name its folder with --data/);
    }
  });

  it('a backup of the running server is restored into a new folder, and a used folder is refused', async () => {
    const outer = mkdtempSync(join(tmpdir(), 'canopy-copies-'));
    try {
      const file = join(outer, 'backup');
      const { stdout } = await canopy('backup', file, '--data', server.dataDir);
      assert.match(stdout, /accounts: \d+.*Backup written/s);
      const restored = await canopy('restore', file, '--data', join(outer, 'data'));
      assert.match(restored.stdout, /accounts: \d+.*Restored into/s);
      const again = await canopy('restore', file, '--data', join(outer, 'data'));
      assert.match(again.stderr, /STORE_NOT_EMPTY/);
      const busy = await canopy('migrate', '--to', 'postgres://127.0.0.1:1/x', '--data', server.dataDir);
      assert.match(busy.stderr, /DATA_IN_USE/);
      assert.match((await canopy('migrate', '--data', server.dataDir)).stderr, /^canopy: no target/);
    } finally {
      rmSync(outer, { recursive: true });
    }
  });

  it('errors on the command line name its flags', async () => {
    const invite = await canopy(
      'invite',
      '--ttl-hours',
      'abc',
      '--room',
      'my room',
      '--data',
      server.dataDir,
    );
    assert.match(invite.stderr, /^canopy: --room is .*; --ttl-hours is a number of hours/);
    assert.match((await canopy('invite', '--role', 'guest', '--data', server.dataDir)).stderr, /--room/);
    assert.match((await canopy('bench', 'NOSUCH')).stderr, /^canopy: there is no scenario NOSUCH/);
    const help = (await canopy('accounts', '--help')).stdout;
    assert.match(help, /--data/);
    assert.doesNotMatch(help, /--workers|--sip-port|--announce/);
  });
});

/** The invitation secret in the link that a server printed. */
async function printedLink(server: TestServer): Promise<string> {
  const linkIn = (log: string) => /https?:\S+#\/invite\/\S+/.exec(log)?.[0];
  const log = await eventually(
    'the link is printed',
    async () => server.log,
    (said) => linkIn(said) !== undefined,
  );
  return linkIn(log) ?? '';
}

describe('before anyone has enrolled', () => {
  it('each start prints a link for the administrator and withdraws the previous one', async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'canopy-first-'));
    t.after(() => rmSync(dataDir, { recursive: true }));
    const start = async () => {
      const started = await TestServer.start({ flags: ['--workers', '1'], dataDir });
      t.after(() => started.close());
      return started;
    };
    const first = await start();
    const early = await printedLink(first);
    await first.close();
    const second = await start();
    const late = await printedLink(second);
    const use = (link: string) => {
      const invitation = parseInvitation(link);
      assert.ok(invitation);
      return enrol({ serverUrl: second.url, ...invitation });
    };
    await assert.rejects(use(early), { code: 'INVITE_EXPIRED' });
    assert.ok((await use(late)).expiresAtMs > Date.now());
  });
});

describe('a start that must fail', () => {
  it('names every port in use, with its flag, before anything is started', async (t) => {
    const [port, sipPort] = await Promise.all([freePort(), freePort()]);
    const dataDir = mkdtempSync(join(tmpdir(), 'canopy-ports-'));
    t.after(() => rmSync(dataDir, { recursive: true }));
    for (const taken of [port, sipPort]) {
      const holder = createServer().listen(taken, '127.0.0.1');
      t.after(() => holder.close());
    }
    const { stdout, stderr } = await canopy(
      ...['serve', '--host', '127.0.0.1', '--port', `${port}`, '--rtc-port', '0', '--data', dataDir],
      ...['--sip-port', '0', '--sip-tls-port', `${sipPort}`],
    );
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`port ${port}: EADDRINUSE; choose another with --port;`));
    assert.match(stderr, new RegExp(`port ${sipPort}: EADDRINUSE; choose another with --sip-tls-port`));
  });

  it('is refused for an invalid value that would otherwise only surface later', async () => {
    const { code, stderr } = await canopy('serve', '--announce', 'not an address!');
    assert.equal(code, 1);
    assert.match(stderr, /rtc\.announce \("not an address!"\): write an IP address .*CONFIG_INVALID/);
  });
});
