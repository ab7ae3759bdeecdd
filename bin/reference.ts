/**
 * Writes the reference pages in docs/ from the schemas: configuration, protocol, errors, metrics. With `--check` it only compares
 * them and fails where one is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import { configKeys, ERROR_CODES } from '../base/index.ts';
import { EVENTS, Metrics, REQUESTS, registerMetrics, SNAPSHOT_PARTS } from '../signaling/index.ts';
import { GatewayMetrics } from '../sip-gateway/index.ts';
import { GatewayProcessMetrics } from './gateway-supervisor.ts';

const MADE = '<!-- Made by `npm run docs` from the schemas; do not edit. -->';

function configurationPage(): string {
  const rows = configKeys().map(({ path, env, type, default: value, description }) => {
    const shown = value === undefined ? '' : `\`${JSON.stringify(value)}\``;
    return `| \`${path}\` | \`${env}\` | ${type.replaceAll('|', '\\|')} | ${shown} | ${description} |`;
  });
  return [
    '# Configuration reference',
    '',
    MADE,
    '',
    'A value comes from, in rising precedence: its default, the JSON file named by `--config` or `CANOPY_CONFIG`, the environment, a command-line flag (`canopy serve --help`). Lists in the environment are comma-separated. An unknown key stops the server and names the nearest one.',
    '',
    '| key | environment | type | default | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, entry]) =>
      `| \`${code}\` | ${entry.status} | ${'retryable' in entry ? 'yes' : ''} | ${entry.message} |`,
  );
  return [
    '# Error codes',
    '',
    MADE,
    '',
    'Every error that Canopy answers with has one of these codes, the sentence beside it, and where it helps a `detail`. Codes are stable; sentences may improve. HTTP answers carry `{"error": {"code", "message", "detail"}}` with the status; socket answers carry `{"ok": false, "error": {…}}`.',
    '',
    '| code | HTTP status | worth a retry | message |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function schemaBlock(schema: z.ZodType, io: 'input' | 'output'): string {
  const json = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  delete json.$schema;
  return ['```json', JSON.stringify(json, null, 2), '```'].join('\n');
}

function protocolPage(): string {
  const requests = Object.entries(REQUESTS).flatMap(([name, { data, result }]) => [
    `## \`${name}\``,
    '',
    'Data:',
    '',
    schemaBlock(data, 'input'),
    '',
    'Result:',
    '',
    schemaBlock(result, 'output'),
    '',
  ]);
  const events = Object.entries(EVENTS).flatMap(([name, schema]) => [
    `## \`${name}\` (event)`,
    '',
    schemaBlock(schema, 'output'),
    '',
  ]);
  const parts = Object.entries(SNAPSHOT_PARTS).flatMap(([name, schema]) => [
    `## \`parts.${name}\``,
    '',
    schemaBlock(schema, 'output'),
    '',
  ]);
  return [
    '# Protocol reference',
    '',
    MADE,
    '',
    'Socket messages, as JSON Schema. The prose is in [protocol.md](protocol.md).',
    '',
    '# Requests',
    '',
    ...requests,
    '# Parts of the snapshot of `room.join`',
    '',
    ...parts,
    '# Events',
    '',
    ...events,
  ].join('\n');
}

function metricsTable(registry: Registry): string[] {
  // The type definitions leave the names of labels out.
  type Described = ReturnType<Registry['getMetricsAsArray']>[number] & {
    labelNames: string[];
    constructor: { name: string };
  };
  const rows = (registry.getMetricsAsArray() as Described[])
    .filter(({ name }) => name.startsWith('canopy_'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, help, labelNames, constructor: { name: type } }) => {
      const labels = labelNames.filter((label) => label !== 'le').map((label) => `\`${label}\``);
      return `| \`${name}\` | ${type.toLowerCase()} | ${labels.join(', ')} | ${help} |`;
    });
  return ['| metric | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows, ''];
}

function metricsPage(): string {
  const unread = () => {
    throw new Error('nothing is read for the reference');
  };
  const server = new Metrics();
  registerMetrics(server.registry);
  const gateway = new GatewayMetrics();
  gateway.watch({
    codecs: unread,
    ringing: unread,
    registeredPhones: unread,
    trunkStates: unread,
    sip: unread,
    media: unread,
  });
  return [
    '# Metrics',
    '',
    MADE,
    '',
    "`GET /metrics` answers in the Prometheus text format, with Node's own (`process_*`, `nodejs_*`) beside these; of those, `nodejs_eventloop_lag_` with a min, max, mean or percentile counts from 0.1 s, the time between two looks. Every label has a bounded set of values: never a room, a person or a number that was dialled.",
    '',
    '## Server',
    '',
    ...metricsTable(server.registry),
    '## Phones',
    '',
    'On the same page when the server runs the gateway; `canopy sip --metrics-port` serves them where it runs alone.',
    '',
    ...metricsTable(gateway.registry),
    '## The phone gateway as a process of the server',
    '',
    ...metricsTable(new GatewayProcessMetrics().registry),
  ].join('\n');
}

const PAGES: Record<string, () => string> = {
  'configuration.md': configurationPage,
  'errors.md': errorsPage,
  'metrics.md': metricsPage,
  'protocol-reference.md': protocolPage,
};

const check = process.argv.includes('--check');
for (const [name, make] of Object.entries(PAGES)) {
  const file = new URL(`../docs/${name}`, import.meta.url);
  if (!check) {
    writeFileSync(file, make());
  } else if (readFileSync(file, 'utf8') !== make()) {
    process.stderr.write(`docs/${name} is out of date: run npm run docs\n`);
    process.exitCode = 1;
  }
}
