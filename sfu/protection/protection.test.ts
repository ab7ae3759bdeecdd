import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { refusal } from './admission.ts';
import { CpuWindow } from './cpu-window.ts';
import { LoadMonitor } from './load-monitor.ts';
import { machineTicks } from './machine-ticks.ts';
import { Stress } from './stress.ts';

describe('CpuWindow', () => {
  it('returns the rate over the last 5 s, once it has seen half of that', () => {
    const window = new CpuWindow();
    for (let second = 0; second <= 2; second++) {
      window.add(second * 100, second * 1000);
    }
    assert.equal(window.rate, null);
    window.add(300, 3000);
    assert.equal(window.rate, 0.1);
    for (let second = 4; second <= 30; second++) {
      window.add(300, second * 1000);
    }
    assert.equal(window.rate, 0);
  });
});

describe('Stress', () => {
  it('rises at once, in three levels up to beyond the limit', () => {
    const stress = new Stress(0.85);
    assert.deepEqual(
      [0.5, 0.74, 0.76, 0.86, 0.95].map((share) => stress.update(share, 0)),
      [0, 0, 1, 2, 3],
    );
  });

  it('falls step by step after 10 s well below a threshold, and does not flap around it', () => {
    const stress = new Stress(0.85);
    stress.update(0.95, 0);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 1000) {
      assert.equal(stress.update(0.8, nowMs), 3);
    }
    const levels = Array.from({ length: 40 }, (_, second) => stress.update(0.2, 60_000 + second * 1000));
    assert.deepEqual([levels[9], levels[10], levels[20], levels[30]], [3, 2, 1, 0]);
  });

  it('is never stressed without a limit', () => {
    assert.equal(new Stress(0).update(1, 0), 0);
  });
});

describe('refusal()', () => {
  const calm = {
    workerShare: 0.3,
    limitShare: 0.85,
    linkBps: null,
    receivers: 100,
    linkFloorBps: 250_000,
  };

  it('admits people while no shortage is known', () => {
    assert.equal(refusal(calm), undefined);
    assert.equal(refusal({ ...calm, workerShare: null }), undefined);
  });

  it("names the worker's CPU, with figures and when to retry", () => {
    assert.equal(
      refusal({ ...calm, workerShare: 0.91 }),
      'CPU: the media worker uses 91 % of a core, the limit is 85 %; try again in 10 s',
    );
    assert.equal(refusal({ ...calm, workerShare: 0.91, limitShare: 0 }), undefined, 'off');
  });

  it('names the link if each receiver would get too little of it', () => {
    const full = { ...calm, linkBps: 20_000_000, receivers: 80 };
    assert.match(refusal(full) ?? '', /^link: each of 81 receivers would have 246 kbit\/s/);
    assert.equal(refusal({ ...full, receivers: 79 }), undefined);
    assert.equal(refusal({ ...full, linkFloorBps: 0 }), undefined, 'off');
  });
});

describe('LoadMonitor', () => {
  const monitorOf = (t: { after(close: () => void): void }, cpu: () => number, stolen: () => number) => {
    let total = 0;
    const monitor = new LoadMonitor({
      workers: () => [{ workerId: 'w', cpuSeconds: cpu() }],
      limitShare: 0.85,
      log: pino({ level: 'silent' }),
      machine: () => {
        total += 100;
        return { total, stolen: stolen() };
      },
    });
    t.after(() => monitor.close());
    return monitor;
  };

  it('judges a worker by its share of a core, whatever the rest of the machine does', (t) => {
    let cpuSeconds = 0;
    const monitor = monitorOf(
      t,
      () => {
        cpuSeconds += 0.5;
        return cpuSeconds;
      },
      () => 0,
    );
    assert.equal(monitor.shareOf('w'), null);
    for (let second = 0; second < 8; second++) {
      monitor.read(second * 1000);
    }
    assert.equal(monitor.shareOf('w'), 0.5);
    assert.equal(monitor.levelOf('w'), 0);
  });

  it('does not count time stolen by the hypervisor as available', (t) => {
    let cpuSeconds = 0;
    let stolen = 0;
    const monitor = monitorOf(
      t,
      () => {
        cpuSeconds += 0.66;
        return cpuSeconds;
      },
      () => {
        stolen += 25;
        return stolen;
      },
    );
    for (let second = 0; second < 8; second++) {
      monitor.read(second * 1000);
    }
    assert.equal(monitor.stealShare, 0.25);
    assert.ok(Math.abs((monitor.shareOf('w') ?? 0) - 0.88) < 1e-6);
    assert.equal(monitor.levelOf('w'), 2);
  });

  it('reads the counters of this machine', () => {
    const { total, stolen } = machineTicks();
    assert.ok(total >= stolen && stolen >= 0 && Number.isFinite(total));
  });
});
