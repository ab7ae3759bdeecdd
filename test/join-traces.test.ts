// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InProcessServer } from './support/in-process-server.ts';
import { Talker } from './support/media-call.ts';
import { newIdentity, ProtocolClient } from './support/protocol-client.ts';
import { TraceCollector } from './support/trace-collector.ts';
import { eventually } from './support/wait.ts';

const STAGES = ['connect', 'challenge', 'proof', 'join', 'transports', 'ice', 'dtls', 'first_rtp'];
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const HEADERS = 'OTEL_EXPORTER_OTLP_HEADERS';

describe('traces of joins', () => {
  let collector: TraceCollector;
  let server: InProcessServer;

  before(async () => {
    collector = await TraceCollector.start();
    process.env[HEADERS] = 'authorization=Bearer%20secret';
    server = await InProcessServer.start({ 'telemetry.otlpUrl': collector.url });
    delete process.env[HEADERS];
  });
  after(async () => {
    await server.close();
    collector.close();
  });

  /** The trace of the next join that fits. */
  const join = (fits: (traceId: string) => boolean) =>
    eventually(
      'the join is traced',
      () => collector.joins.find(({ traceId }) => fits(traceId)),
      (found) => found !== undefined,
    );

  it('have a span for each stage, one after the other, in the trace that the client names', async (t) => {
    const traceparent = `00-${TRACE_ID}-${SPAN_ID}-01`;
    const ann = await Talker.enter(server, 'team', 'Ann Smith', { traceparent });
    t.after(() => ann.client.close());
    const root = await join((traceId) => traceId === TRACE_ID);
    assert.ok(root);
    assert.equal(root.parentSpanId, SPAN_ID);
    const stages = await eventually(
      'all stages have arrived',
      () => collector.below(root),
      ({ length }) => length === STAGES.length,
    );
    assert.deepEqual(
      stages.map(({ name }) => name),
      STAGES.map((stage) => `canopy.join.${stage}`),
    );
    let beforeNs = BigInt(root.startTimeUnixNano);
    for (const { name, startTimeUnixNano, endTimeUnixNano, traceId, status } of stages) {
      assert.ok(BigInt(startTimeUnixNano) >= beforeNs, `${name} starts after the stage before it`);
      assert.ok(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano), name);
      assert.equal(traceId, TRACE_ID);
      assert.equal(status.code ?? 0, 0);
      beforeNs = BigInt(endTimeUnixNano);
    }
    assert.equal(BigInt(root.endTimeUnixNano), beforeNs);
    assert.ok(root.events.some(({ name }) => name === 'first_producer'));
    const ids = Object.fromEntries(root.attributes.map(({ key, value }) => [key, value.stringValue]));
    assert.deepEqual(
      { ...ids, 'canopy.connection.id': '', 'canopy.peer.id': '' },
      {
        'canopy.connection.id': '',
        'canopy.peer.id': '',
        'canopy.account.id': ann.client.account.accountId,
        'canopy.device.id': ann.client.account.deviceId,
        'canopy.room.id': 'team',
      },
    );
    assert.ok(!JSON.stringify(collector.spans).includes('Smith'), 'no names');
    assert.deepEqual([...collector.authorizations], ['Bearer secret']);
  });

  it('say with which code a stage failed, and end with the connection', async () => {
    const identity = await newIdentity(server, { role: 'guest', roomId: 'elsewhere' });
    const client = await ProtocolClient.enter(server.url, identity);
    assert.equal(await client.refusal('room.join', { roomId: 'other', displayName: 'Bob' }), 'FORBIDDEN');
    client.close();
    const root = await join((traceId) => traceId !== TRACE_ID);
    assert.ok(root);
    assert.deepEqual(root.status, { code: 2, message: 'FORBIDDEN' });
    const last = collector.below(root).at(-1);
    assert.equal(last?.name, 'canopy.join.join');
    assert.deepEqual(last.status, { code: 2, message: 'FORBIDDEN' });
  });

  it('are not failed when a later attempt succeeds', async () => {
    const identity = await newIdentity(server, { role: 'guest', roomId: 'elsewhere' });
    const client = await ProtocolClient.enter(server.url, identity);
    assert.equal(await client.refusal('room.join', { roomId: 'other', displayName: 'Eve' }), 'FORBIDDEN');
    await client.get('room.join', { roomId: 'elsewhere', displayName: 'Eve' });
    client.close();
    const root = await join((traceId) =>
      collector.joins.some(
        ({ traceId: other, attributes }) =>
          other === traceId && attributes.some(({ value }) => value.stringValue === 'elsewhere'),
      ),
    );
    assert.ok(root);
    assert.equal(root.status.code ?? 0, 0);
    const joins = collector.below(root).filter(({ name }) => name === 'canopy.join.join');
    assert.deepEqual(
      joins.map(({ status }) => status.code ?? 0),
      [2, 0],
    );
  });

  it('cost nobody anything when the collector hangs or is down, and the log and the metrics say so', async () => {
    collector.hangs = true;
    const identity = await newIdentity(server);
    const { requests } = collector;
    for (let n = 0; n < 3; n += 1) {
      const client = await ProtocolClient.enter(server.url, identity);
      client.close();
    }
    await eventually(
      'the collector is asked',
      () => collector.requests,
      (count) => count > requests,
    );
    collector.close();
    const failed = async () => {
      const page = await (await fetch(new URL('/metrics', server.url))).text();
      return Number(/^canopy_trace_spans_total\{outcome="failed"\} (\d+)$/m.exec(page)?.[1] ?? 0);
    };
    await eventually('failures are counted', failed, (count) => count > 0);
    const client = await ProtocolClient.enter(server.url, identity);
    client.close();
  });
});
