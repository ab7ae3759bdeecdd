import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { InProcessServer } from '../../test/support/in-process-server.ts';

const DEPLOY = new URL('../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, DEPLOY), 'utf8');
const promtool = (...args: string[]) =>
  spawnSync('promtool', args, { cwd: fileURLToPath(new URL('prometheus/', DEPLOY)), encoding: 'utf8' });
/** Debian has it in the package `prometheus`, which runs a service; the set-up of the tests does without. */
const skip = promtool('--version').error ? 'promtool is not installed (Debian: prometheus)' : false;

/** What names like metrics in the queries of a file stand for: the metric, without the parts of a histogram. */
function metricsIn(text: string): string[] {
  const names = text.match(/\b(?:canopy|process|nodejs)_[a-z0-9_]+/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')))].sort();
}

describe('alert rules and dashboard', () => {
  let server: InProcessServer;
  /** Metrics of a real server, and those of the reference, which includes the processes that this server does not run. */
  let known: Set<string>;

  before(async () => {
    server = await InProcessServer.start();
    const page = await (await fetch(`${server.url}/metrics`)).text();
    const reference = read('../docs/metrics.md').matchAll(/^\| `(\w+)` \|/gm);
    known = new Set([
      ...[...page.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name ?? ''),
      ...[...reference].map(([, name]) => name ?? ''),
    ]);
  });
  after(() => server.close());

  for (const file of ['prometheus/canopy-alerts.yml', 'grafana/canopy.json']) {
    it(`every metric in ${file} exists`, () => {
      const used = metricsIn(read(file));
      assert.ok(used.length > 15, `${used.length} metrics`);
      assert.deepEqual(
        used.filter((name) => !known.has(name)),
        [],
      );
    });
  }

  it('every value of a label that the rules and the dashboard name is one that the server has', async () => {
    const page = await (await fetch(`${server.url}/metrics`)).text();
    const kinds = [...page.matchAll(/^canopy_objects\{kind="(\w+)"\}/gm)].map(([, kind]) => kind);
    const named = `${read('prometheus/canopy-alerts.yml')}${read('grafana/canopy.json').replaceAll('\\"', '"')}`;
    const used = [...named.matchAll(/canopy_objects\{[^}]*kind="(\w+)"/g)].map(([, kind]) => kind);
    assert.ok(used.length >= 3);
    assert.deepEqual(
      used.filter((kind) => !kinds.includes(kind)),
      [],
    );
  });

  it('the panels of the dashboard do not overlap, and each has a query', () => {
    const { panels } = JSON.parse(read('grafana/canopy.json')) as {
      panels: Array<{
        title: string;
        type: string;
        gridPos: Record<'x' | 'y' | 'w' | 'h', number>;
        targets?: Array<{ expr: string }>;
      }>;
    };
    const taken = new Map<string, string>();
    for (const { title, type, gridPos, targets } of panels) {
      assert.ok(type === 'row' || (targets?.length ?? 0) > 0, title);
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          assert.equal(taken.get(`${x} ${y}`), undefined, title);
          taken.set(`${x} ${y}`, title);
        }
      }
    }
  });

  it('promtool accepts the rules and the scrape configuration', { skip }, () => {
    for (const args of [
      ['check', 'rules', 'canopy-alerts.yml'],
      ['check', 'config', 'prometheus.yml'],
    ]) {
      const { status, stdout, stderr } = promtool(...args);
      assert.equal(status, 0, stdout + stderr);
    }
  });

  it('promtool accepts the queries of the dashboard', { skip }, () => {
    const { panels } = JSON.parse(read('grafana/canopy.json')) as {
      panels: Array<{ targets?: Array<{ expr: string }> }>;
    };
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const rules = queries.map((expr, n) => ({
      record: `query:${n}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const dir = mkdtempSync(join(tmpdir(), 'canopy-dashboard-'));
    const file = join(dir, 'rules.yml');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { status, stdout, stderr } = promtool('check', 'rules', file);
    rmSync(dir, { recursive: true });
    assert.equal(status, 0, stdout + stderr);
  });

  it('alerts fire when they should, and not before', { skip }, () => {
    const { status, stdout, stderr } = promtool('test', 'rules', 'canopy-alerts.test.yml');
    assert.equal(status, 0, stdout + stderr);
  });
});
