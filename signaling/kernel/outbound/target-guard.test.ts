import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Sender } from './sender.ts';
import { TargetGuard } from './target-guard.ts';

/** Resolves names to these addresses, one list after the other. */
function resolver(...answers: string[][]) {
  let turn = 0;
  return ((_name: string, _options: object, callback: (error: null, found: LookupAddress[]) => void) => {
    const addresses = answers[Math.min(turn, answers.length - 1)] ?? [];
    turn += 1;
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    setImmediate(() => callback(null, found));
  }) as unknown as NonNullable<ConstructorParameters<typeof TargetGuard>[0]['lookup']>;
}

describe('threat 28: the targets of webhooks', () => {
  let server: Server;
  let port: number;
  let received = 0;
  let answer: RequestListener = (_request, response) => response.end();

  before(async () => {
    server = createServer((request, response) => {
      received += 1;
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const send = (guard: TargetGuard, url: string, options?: { timeoutMs: number }) =>
    new Sender(guard, options).send({ url, headers: {}, body: '{}' });

  it('are public addresses over HTTPS, by default', () => {
    const guard = new TargetGuard({ allowRanges: [], allowHttp: false });
    for (const url of [
      'https://8.8.8.8/hook',
      'https://[2606:4700::1]/',
      'https://example.org:8443/a?b=c',
      'https://localhost/',
    ]) {
      guard.checkUrl(url);
    }
    for (const host of [
      ...['127.0.0.1', '127.9.9.9', '2130706433', '0x7f.1', '017700000001', '0.0.0.0', '10.0.0.1'],
      ...['172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '100.127.0.1'],
      ...['192.0.0.8', '192.0.2.1', '198.18.0.1', '203.0.113.5', '224.0.0.1', '239.1.1.1', '255.255.255.255'],
      ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:8.8.8.8]', '[::ffff:a00:1]', '[::127.0.0.1]'],
      ...['[fe80::1]', '[fc00::1]', '[fd12::1]', '[ff02::1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::1]'],
      ...['[2001:db8::1]', '[2002:7f00:1::]', '[2001::7f00:1]', '[fec0::1]', '[100::1]'],
    ]) {
      assert.throws(() => guard.checkUrl(`https://${host}/`), { code: 'TARGET_REFUSED' }, host);
    }
    for (const url of [
      ...['http://8.8.8.8/', 'ftp://8.8.8.8/', 'file:///etc/passwd', 'javascript:alert(1)', '//8.8.8.8'],
      ...['https://user:secret@8.8.8.8/', 'https://', 'nonsense', ''],
    ]) {
      assert.throws(() => guard.checkUrl(url), { code: 'TARGET_REFUSED' }, url);
    }
  });

  it('a name is judged by the addresses that it resolves to for each connection: rebinding it gains nothing', async () => {
    const before = received;
    const lookup = resolver(['8.8.8.8'], ['127.0.0.1'], ['::1'], ['10.0.0.1', '::ffff:127.0.0.1']);
    const guard = new TargetGuard({ allowRanges: [], allowHttp: true, lookup });
    const url = `http://rebinding.example:${port}/`;
    // The name has a public address when the webhook is created; no message is sent then.
    guard.checkUrl(url);
    await new Promise((resolve) => guard.lookup('rebinding.example', { all: true }, resolve));
    for (const address of ['127.0.0.1', '::1', '10.0.0.1, ::ffff:127.0.0.1']) {
      const { status, error } = await send(guard, url);
      assert.deepEqual(
        [status, error],
        [undefined, `${address} is not a public address (outbound.allowRanges)`],
      );
    }
    assert.equal(received, before);
  });

  it('of several addresses only the permitted ones are used', async () => {
    const guard = new TargetGuard({
      allowRanges: ['127.0.0.1'],
      allowHttp: true,
      lookup: resolver(['10.0.0.1', '127.0.0.1', '127.0.0.2']),
    });
    assert.equal((await send(guard, `http://mixed.example:${port}/`)).status, 200);
    assert.equal(guard.mayConnect('127.0.0.2'), false);
  });

  it('the configuration permits networks, also as IPv4 written as IPv6', () => {
    const guard = new TargetGuard({ allowRanges: ['10.1.0.0/16', 'fd00:1::/32'], allowHttp: false });
    const permitted = [
      '10.1.2.3',
      '::ffff:10.1.2.3',
      'fd00:1::5',
      '10.2.0.1',
      'fd00:2::1',
      'fe80::1%eth0',
      '',
    ];
    assert.deepEqual(
      permitted.map((address) => guard.mayConnect(address)),
      [true, true, true, false, false, false, false],
    );
  });

  describe('that answer badly', () => {
    const guard = new TargetGuard({ allowRanges: ['127.0.0.0/8'], allowHttp: true });
    const url = () => `http://127.0.0.1:${port}/`;

    it('redirects are not followed', async () => {
      answer = (_request, response) => response.writeHead(307, { location: `${url()}secret` }).end();
      const before = received;
      const { status, error } = await send(guard, url());
      assert.deepEqual([status, error], [307, 'redirects are not followed']);
      assert.equal(received, before + 1);
    });

    it('neither endless answers nor silence keep the sender', async () => {
      answer = (_request, response) => {
        response.writeHead(200);
        const more = () => response.write(Buffer.alloc(65_536)) || response.once('drain', more);
        const timer = setInterval(more, 1);
        response.once('close', () => clearInterval(timer));
      };
      assert.equal((await send(guard, url())).status, 200);
      answer = () => undefined;
      const silent = await send(guard, url(), { timeoutMs: 200 });
      assert.deepEqual([silent.status, silent.error], [undefined, 'no answer within 0.2 s']);
      answer = (_request, response) => response.writeHead(200).write('x');
      const slow = await send(guard, url(), { timeoutMs: 200 });
      assert.deepEqual([slow.status, slow.error], [undefined, 'no answer within 0.2 s']);
    });

    it('every attempt ends, whatever the target says: another protocol, half an answer, none', async () => {
      const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';
      answer = () => undefined;
      for (const [text, expected] of [
        [upgrade, 'the target wants another protocol'],
        ['HTTP/1.1 101 Switching Protocols\r\n\r\n', 'the target refused it'],
        ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000), 'no answer within 0.2 s'],
        ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzzz\r\n', 'ECONNRESET: aborted'],
        ['garbage\r\n\r\n', 'HPE_INVALID_CONSTANT'],
        [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 'HPE_HEADER_OVERFLOW'],
      ] as const) {
        server.once('connection', (socket) => socket.once('data', () => socket.write(text)));
        const { error } = await send(guard, url(), { timeoutMs: 200 });
        assert.ok(error?.startsWith(expected), `${text.slice(0, 40)}: ${error}`);
      }
    });

    it('a certificate that does not verify is refused', async () => {
      const { error } = await send(guard, `https://127.0.0.1:${port}/`);
      assert.match(error ?? '', /EPROTO|SSL|ECONN/);
    });
  });
});
