import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildResponse, parseMessage, type SipRequest, type SipResponse } from '../message/index.ts';
import { ClientInviteTransaction } from './client-invite-transaction.ts';
import { ClientPlainTransaction } from './client-plain-transaction.ts';
import { FakeClock } from './fake-clock.ts';
import { serverKey } from './keys.ts';
import { ServerInviteTransaction } from './server-invite-transaction.ts';
import { ServerPlainTransaction } from './server-plain-transaction.ts';
import { DEFAULT_TIMERS } from './timers.ts';

function request(method: string, branch = 'z9hG4bKa', headers = ''): SipRequest {
  const result = parseMessage(
    Buffer.from(
      `${method} sip:b@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=${branch}\r\nMax-Forwards: 70\r\nFrom: <sip:a@192.0.2.1>;tag=1\r\nTo: <sip:b@192.0.2.2>\r\nCall-ID: c\r\nCSeq: 1 ${method}\r\n${headers}Content-Length: 0\r\n\r\n`,
    ),
  );
  if (!('message' in result) || result.message.kind !== 'request') {
    throw new Error('no request');
  }
  return result.message;
}

/** A transaction with everything it did, and when. */
function client(method: string, reliable = false) {
  const clock = new FakeClock();
  const sent: [number, string][] = [];
  const told: [number, string | number][] = [];
  const Type = method === 'INVITE' ? ClientInviteTransaction : ClientPlainTransaction;
  const own = request(method, 'z9hG4bKa', 'Route: <sip:proxy.test;lr>\r\n');
  const transaction = new Type(
    { clock, timers: DEFAULT_TIMERS, reliable, onTerminated: () => told.push([clock.now(), 'terminated']) },
    own,
    (message: SipRequest) => sent.push([clock.now(), message.method]),
    {
      onResponse: (response: SipResponse) => told.push([clock.now(), response.status]),
      onFailure: (reason) => told.push([clock.now(), reason]),
    },
  );
  transaction.begin();
  const receive = (status: number) => transaction.receive(buildResponse(own, status, { toTag: 't' }));
  return { clock, sent, told, transaction, receive };
}

function server(method: string, reliable = false) {
  const clock = new FakeClock();
  const sent: [number, number][] = [];
  const told: [number, string][] = [];
  const own = request(method);
  const context = {
    clock,
    timers: DEFAULT_TIMERS,
    reliable,
    onTerminated: () => told.push([clock.now(), 'terminated']),
  };
  const send = (response: SipResponse) => sent.push([clock.now(), response.status]);
  const invite = new ServerInviteTransaction(context, own, send);
  const plain = new ServerPlainTransaction(context, own, send);
  const respond = (status: number) =>
    (method === 'INVITE' ? invite : plain).respond(buildResponse(own, status, { toTag: 't' }));
  if (method === 'INVITE') {
    invite.begin();
  } else {
    plain.begin();
  }
  return { clock, sent, told, invite, plain, respond };
}

const times = (list: [number, unknown][]) => list.map(([at]) => at);

describe('INVITE client transaction', () => {
  it('retransmits by timer A at T1, 2·T1, 4·T1 …, and times out by timer B after 64·T1', () => {
    const { clock, sent, told } = client('INVITE');
    clock.advance(40_000);
    assert.deepEqual(times(sent), [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    assert.deepEqual(told, [
      [32_000, 'terminated'],
      [32_000, 'timeout'],
    ]);
    assert.equal(clock.pending, 0);
  });

  it('never retransmits over a reliable transport, but does time out', () => {
    const { clock, sent, told } = client('INVITE', true);
    clock.advance(40_000);
    assert.deepEqual(times(sent), [0]);
    assert.deepEqual(told.at(-1), [32_000, 'timeout']);
  });

  it('stops both timers on a provisional response, and then waits indefinitely', () => {
    const { clock, sent, told, receive } = client('INVITE');
    clock.advance(600);
    receive(180);
    clock.advance(600_000);
    assert.deepEqual(times(sent), [0, 500]);
    assert.deepEqual(told, [[600, 180]]);
  });

  it('acknowledges a failure, and its retransmissions until timer D without reporting them', () => {
    const { clock, sent, told, receive } = client('INVITE');
    receive(486);
    clock.advance(10_000);
    receive(486);
    clock.advance(21_999);
    assert.deepEqual(sent, [
      [0, 'INVITE'],
      [0, 'ACK'],
      [10_000, 'ACK'],
    ]);
    clock.advance(1);
    assert.deepEqual(told, [
      [0, 486],
      [32_000, 'terminated'],
    ]);
  });

  it('ends at once after a failure over a reliable transport', () => {
    const { told, receive } = client('INVITE', true);
    receive(486);
    assert.deepEqual(told.at(-1), [0, 'terminated']);
  });

  it('passes on each 2xx until timer M, and acknowledges none', () => {
    const { clock, sent, told, receive } = client('INVITE');
    receive(200);
    clock.advance(31_000);
    receive(200);
    clock.advance(1000);
    assert.deepEqual(told, [
      [0, 200],
      [31_000, 200],
      [32_000, 'terminated'],
    ]);
    assert.equal(sent.length, 1);
  });

  it('the ACK of a failure has the branch and Route of the INVITE and the To of the response', () => {
    const acks: SipRequest[] = [];
    const own = request('INVITE', 'z9hG4bKx', 'Route: <sip:proxy.test;lr>\r\n');
    const context = { clock: new FakeClock(), timers: DEFAULT_TIMERS, reliable: false, onTerminated() {} };
    const transaction = new ClientInviteTransaction(context, own, (message) => acks.push(message), {
      onResponse() {},
      onFailure() {},
    });
    transaction.begin();
    transaction.receive(buildResponse(own, 404, { toTag: 'their-tag' }));
    const ack = acks[1];
    assert.equal(ack?.headers.get('via'), own.headers.get('via'));
    assert.equal(ack?.headers.get('route'), '<sip:proxy.test;lr>');
    assert.match(ack?.headers.get('to') ?? '', /tag=their-tag/);
    assert.equal(ack?.headers.get('cseq'), '1 ACK');
  });
});

describe('non-INVITE client transaction', () => {
  it('retransmits by timer E, doubling up to T2, and times out by timer F', () => {
    const { clock, sent, told } = client('OPTIONS');
    clock.advance(40_000);
    assert.deepEqual(times(sent), [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert.deepEqual(told.at(-1), [32_000, 'timeout']);
  });

  it('retransmits every T2 after a provisional response', () => {
    const { clock, sent, receive } = client('OPTIONS');
    clock.advance(400);
    receive(100);
    clock.advance(9000);
    assert.deepEqual(times(sent), [0, 500, 4500, 8500]);
  });

  it('absorbs retransmitted responses until timer K: T4, or 0 over a reliable transport', () => {
    const { clock, told, receive } = client('OPTIONS');
    receive(200);
    receive(200);
    clock.advance(4999);
    assert.deepEqual(told, [[0, 200]]);
    clock.advance(1);
    assert.deepEqual(told.at(-1), [5000, 'terminated']);
    const reliable = client('OPTIONS', true);
    reliable.receive(200);
    assert.deepEqual(reliable.told.at(-1), [0, 'terminated']);
  });
});

describe('INVITE server transaction', () => {
  it('sends 100 after 200 ms', () => {
    const { clock, sent } = server('INVITE');
    clock.advance(1000);
    assert.deepEqual(sent, [[200, 100]]);
  });

  it('retransmits a failure by timer G, doubling up to T2, and ends by timer H', () => {
    const { clock, sent, told, respond } = server('INVITE');
    respond(486);
    clock.advance(40_000);
    assert.deepEqual(times(sent), [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert.deepEqual(told, [[32_000, 'terminated']]);
  });

  it('stops that on an ACK, and absorbs further ones until timer I (T4)', () => {
    const { clock, sent, told, invite, respond } = server('INVITE');
    respond(486);
    clock.advance(600);
    assert.equal(invite.receiveAck(), true);
    clock.advance(4999);
    assert.equal(invite.receiveAck(), true);
    assert.equal(sent.length, 2);
    clock.advance(1);
    assert.deepEqual(told, [[5600, 'terminated']]);
  });

  it('answers a retransmitted INVITE with the last provisional response, but not once it is accepted', () => {
    const { clock, sent, told, invite, respond } = server('INVITE');
    respond(180);
    invite.receiveRetransmission();
    respond(200);
    invite.receiveRetransmission();
    assert.deepEqual(
      sent.map(([, status]) => status),
      [180, 180, 200],
    );
    assert.equal(invite.receiveAck(), false, 'the ACK of a 2xx is the dialog’s');
    clock.advance(32_000);
    assert.deepEqual(told, [[32_000, 'terminated']]);
  });
});

describe('non-INVITE server transaction', () => {
  it('answers a retransmitted request with the same response until timer J, but not over a reliable transport', () => {
    const { clock, sent, told, plain, respond } = server('OPTIONS');
    plain.receiveRetransmission();
    respond(200);
    clock.advance(31_999);
    plain.receiveRetransmission();
    assert.deepEqual(times(sent), [0, 31_999]);
    clock.advance(1);
    assert.deepEqual(told, [[32_000, 'terminated']]);
    const reliable = server('OPTIONS', true);
    reliable.respond(200);
    assert.deepEqual(reliable.told, [[0, 'terminated']]);
  });
});

describe('matching', () => {
  it('ACK and CANCEL find their INVITE by branch and sent-by; another method or branch does not', () => {
    const invite = serverKey(request('INVITE'));
    assert.equal(serverKey(request('ACK')), invite);
    assert.equal(serverKey(request('CANCEL'), 'INVITE'), invite);
    assert.notEqual(serverKey(request('CANCEL')), invite);
    assert.notEqual(serverKey(request('INVITE', 'z9hG4bKb')), invite);
  });

  it('a request with a branch of RFC 2543, or only the cookie, matches by its other fields', () => {
    for (const branch of ['1', 'z9hG4bK']) {
      assert.match(serverKey(request('INVITE', branch)), /^2543 /);
      assert.equal(serverKey(request('ACK', branch)), serverKey(request('INVITE', branch)));
    }
  });
});
