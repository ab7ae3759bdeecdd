import type { Client, PathReport, PathResult, VideoCounts } from '../../../sdk/index.ts';
import type { PathCheck } from '../../model/index.ts';
import { language, strings } from '../../strings/index.ts';
import { Problem } from '../parts/problem.tsx';

/** The connection test: over which path media would reach the server, and what that path carries. */
export function PathCheckView({ check, client }: { check: PathCheck; client: Client | undefined }) {
  const { paths } = strings.value;
  const report = check.report.value;
  const running = check.running.value;
  return (
    <section class="path-check" aria-label={paths.heading} data-testid="path-check" aria-busy={running}>
      {report ? <Report report={report} running={running} /> : <p class="hint">{paths.intro}</p>}
      <Problem error={check.problem.value} />
      <button
        type="button"
        class="small"
        data-testid="path-test"
        disabled={!client || running}
        onClick={() => client && void check.run(client)}
      >
        {running ? paths.testing : report ? paths.again : paths.test}
      </button>
    </section>
  );
}

function Report({ report, running }: { report: PathReport; running: boolean }) {
  const { paths } = strings.value;
  const { used, received } = report;
  return (
    <>
      <ul class="path-list">
        {report.paths.map((result) => (
          <Path key={result.path} result={result} used={result.path === used} />
        ))}
      </ul>
      <div role="status" class="path-verdict">
        {used && (
          <p data-testid="path-used" data-path={used}>
            <strong>{paths.used(used)}</strong> {paths.usedHint[used]}
          </p>
        )}
        {!used && !running && (
          <p class="problem" data-testid="path-none">
            {paths.none}
          </p>
        )}
        {received && (
          <p data-testid="path-videos">
            {paths.videos} <strong>{videosText(received.videos)}</strong>.
          </p>
        )}
      </div>
      <Figures report={report} />
    </>
  );
}

function Path({ result: { path, state }, used }: { result: PathResult; used: boolean }) {
  const { paths } = strings.value;
  const text = state === 'testing' ? paths.waiting : state === 'connected' ? paths.works : paths.blocked;
  return (
    <li class={used ? 'used' : undefined} data-testid={`path-${path}`} data-state={state}>
      <span>{paths.path[path]}</span>
      <span class="state">{text}</span>
    </li>
  );
}

function Figures({ report: { roundTripMs, lossShare, received } }: { report: PathReport }) {
  const { paths } = strings.value;
  const figures: Array<[string, string]> = [];
  if (roundTripMs !== undefined) {
    figures.push([paths.roundTrip, paths.milliseconds(Math.round(roundTripMs))]);
  }
  if (lossShare !== undefined) {
    figures.push([paths.loss, paths.percent(Math.round(lossShare * 100))]);
  }
  if (received) {
    const format = new Intl.NumberFormat(language.value, { maximumFractionDigits: 1 });
    const rate = format.format(received.bitrateBps / 1_000_000);
    figures.push([paths.download, received.limited ? paths.mbps(rate) : paths.mbpsEnough(rate)]);
  }
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function videosText({ small, medium }: VideoCounts): string {
  const { paths } = strings.value;
  if (small === 0) {
    return paths.audioOnly;
  }
  if (medium === 0) {
    return paths.videosSmall(small);
  }
  return small > medium ? paths.videosBoth(medium, small) : paths.videosMedium(medium);
}
