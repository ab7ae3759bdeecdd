import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { InProcessServer } from '../support/in-process-server.ts';

/** Spellings of JSON's type, and types that a careless parser takes for it. */
const CONTENT_TYPES: ReadonlyArray<readonly string[]> = [
  ['APPLICATION/JSON'],
  [' application/json'],
  ['application/json\t'],
  ['application/json;'],
  ['application/json ;charset=utf-8'],
  ['application/json\t;charset=utf-8'],
  ['application/json;charset'],
  ['application/json, text/plain'],
  ['application/json', 'text/plain'],
  ['text/plain', 'application/json'],
  ['application/jsonp'],
  ['application/vnd.canopy+json'],
  ['text/json'],
  ['text/plain'],
  ['application/octet-stream'],
  ['application/x-www-form-urlencoded'],
  ['multipart/form-data; boundary=x'],
  ['json'],
  [''],
  [],
];
const NOBODY = '0'.repeat(64);

interface Answer {
  status: number;
  code: string | undefined;
}

describe('threat 26: content types that must not bypass validation', () => {
  let server: InProcessServer;
  let apiKey = '';

  before(async () => {
    server = await InProcessServer.start();
    apiKey = (await readFile(join(server.dataDir, 'api.key'), 'utf8')).trim();
  });
  after(() => server.close());

  const send = (method: string, path: string, contentTypes: readonly string[], body: string) =>
    new Promise<Answer>((resolve, reject) => {
      const headers = [
        ...['Host', new URL(server.url).host],
        ...['Authorization', `Bearer ${apiKey}`],
        ...['Content-Length', String(Buffer.byteLength(body))],
        ...contentTypes.flatMap((type) => ['Content-Type', type]),
      ];
      request(new URL(path, server.url), { method, headers }, async (response) => {
        const text = (await response.toArray()).join('');
        const { error } = (text === '' ? {} : JSON.parse(text)) as { error?: { code: string } };
        resolve({ status: response.statusCode ?? 0, code: error?.code });
      })
        .on('error', reject)
        .end(body);
    });

  /** The routes of the OpenAPI document that take a JSON body. */
  const routes = async () => {
    const response = await fetch(`${server.url}/api/docs/json`);
    type Operation = { requestBody?: { content: Record<string, unknown> } };
    const { paths } = (await response.json()) as { paths: Record<string, Record<string, Operation>> };
    return Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, { requestBody }]) => requestBody?.content['application/json'] !== undefined)
        .map(([method]) => ({
          method: method.toUpperCase(),
          path: path
            .replace(/\{(accountId|deviceId|invitationId)\}/g, NOBODY)
            .replace(/\{(participantId|callId)\}/g, '00000000-0000-4000-8000-000000000000')
            .replace(/\{\w+\}/g, '1001'),
        })),
    );
  };

  it('no route takes a body that breaks its schema, whatever the body is called', async () => {
    const all = await routes();
    assert.ok(all.length > 15, `${all.length} routes`);
    for (const { method, path } of all) {
      for (const contentTypes of CONTENT_TYPES) {
        const { status, code } = await send(method, path, contentTypes, '["not an object"]');
        const what = `${method} ${path} as ${JSON.stringify(contentTypes)}: ${status} ${code}`;
        assert.ok(status === 400 || status === 415, what);
        assert.equal(code, 'BAD_REQUEST', what);
      }
    }
  });

  it('a valid body is taken if it is called JSON, in any case and with parameters, and under no other name', async () => {
    const taken = new Set(['APPLICATION/JSON', ' application/json', 'application/json;charset=utf-8']);
    for (const type of [...taken, 'text/plain', 'application/jsonp', 'text/json']) {
      const { status } = await send('POST', '/api/invites', [type], '{"role":"member"}');
      assert.ok(taken.has(type) ? status === 200 : status === 400 || status === 415, `${type}: ${status}`);
    }
  });
});
