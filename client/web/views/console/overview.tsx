import type { OperatorAnswer } from '../../../sdk/index.ts';
import { type AppModel, fileSize } from '../../model/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { Fact, LoadProblem } from './answer-list.tsx';
import { bitrate, dayAndTime, percent } from './figures.ts';
import { LIVE_MS, useWatched } from './use-watched.ts';

type Status = OperatorAnswer<'GET /api/status'>;

/** The state of the server. */
export function Overview({ model }: { model: AppModel }) {
  const watched = useWatched(model, 'GET /api/status', LIVE_MS);
  const status = watched.value.value;
  return (
    <div data-testid="overview" aria-busy={!status}>
      <LoadProblem watched={watched} />
      {status && (
        <div class="console-grid">
          <Server status={status} />
          <div class="console-grid console-column">
            <Link link={status.link} />
            <Disks disks={status.disks} />
            {status.bucket && <Bucket bucket={status.bucket} />}
          </div>
          <Workers status={status} />
        </div>
      )}
    </div>
  );
}

function Server({ status }: { status: Status }) {
  const words = lateStrings().console;
  return (
    <section class="console-card" aria-label={words.server} data-testid="server">
      <h2>{words.server}</h2>
      {status.draining && <p class="problem">{words.closing}</p>}
      <dl class="console-facts">
        <Fact name={words.openRooms}>{status.rooms}</Fact>
        <Fact name={words.people}>
          <span data-testid="participants">{status.participants}</span>
        </Fact>
        <Fact name={words.connections}>{status.connections}</Fact>
        <Fact name={words.recorder}>{words.states[status.recorder]}</Fact>
        <Fact name={words.gateway}>{words.states[status.phones]}</Fact>
        <Fact name={words.database}>{status.database === 'sqlite' ? 'SQLite' : 'PostgreSQL'}</Fact>
        <Fact name={words.version}>{status.version}</Fact>
        <Fact name={words.upSince}>{dayAndTime(status.startedAtMs)}</Fact>
      </dl>
    </section>
  );
}

function Link({ link }: { link: Status['link'] }) {
  const words = lateStrings().console;
  const { allocatedBps, limitBps } = link;
  const used = bitrate(allocatedBps);
  return (
    <section class="console-card" aria-label={words.link} data-testid="link">
      <h2>{words.link}</h2>
      {limitBps !== null && (
        <meter aria-label={words.link} value={allocatedBps} max={limitBps} high={limitBps * 0.9} />
      )}
      <dl class="console-facts">
        <Fact name={words.allocated}>
          {limitBps === null ? `${used}, ${words.noLimit}` : words.linkOf(used, bitrate(limitBps))}
        </Fact>
        <Fact name={words.held}>{link.heldConsumers}</Fact>
        <Fact name={words.received}>{fileSize(link.receivedBytes)}</Fact>
        <Fact name={words.sent}>{fileSize(link.sentBytes)}</Fact>
      </dl>
    </section>
  );
}

function Disks({ disks }: { disks: Status['disks'] }) {
  const words = lateStrings().console;
  return (
    <section class="console-card" aria-label={words.disks} data-testid="disks">
      <h2>{words.disks}</h2>
      {disks.map(({ folder, freeBytes, totalBytes }) => (
        <div key={folder} class="console-disk">
          <p>
            {words.folders[folder]}: {words.free(fileSize(freeBytes), fileSize(totalBytes))}
          </p>
          <meter
            aria-label={words.folders[folder]}
            value={totalBytes - freeBytes}
            max={totalBytes}
            high={totalBytes * 0.9}
          />
        </div>
      ))}
    </section>
  );
}

function Bucket({ bucket }: { bucket: NonNullable<Status['bucket']> }) {
  const words = lateStrings().console;
  const { problem, waiting, waitingBytes, waitingSinceMs, deleting } = bucket;
  return (
    <section class="console-card" aria-label={words.bucket} data-testid="bucket">
      <h2>{words.bucket}</h2>
      {problem !== null && <p class="problem">{problem}</p>}
      <dl class="console-facts">
        <Fact name={words.toUpload}>{words.files(waiting, fileSize(waitingBytes))}</Fact>
        {waitingSinceMs !== null && <Fact name={words.waitingSince}>{dayAndTime(waitingSinceMs)}</Fact>}
        <Fact name={words.toDelete}>{deleting}</Fact>
      </dl>
    </section>
  );
}

function Workers({ status: { workers, stealShare } }: { status: Status }) {
  const words = lateStrings().console;
  return (
    <section class="console-card console-wide" aria-label={words.workers} data-testid="workers">
      <h2>{words.workers}</h2>
      <ul class="console-list">
        {workers.map((worker, index) => (
          <li key={worker.pid} data-testid="entry">
            <p class="console-name">{words.worker(index)}</p>
            <dl class="console-facts">
              <Fact name={words.cpu}>{worker.cpuShare === null ? '–' : percent(worker.cpuShare)}</Fact>
              <Fact name={words.quality}>{words.stress[worker.stressLevel]}</Fact>
              <Fact name={words.openRooms}>{worker.rooms}</Fact>
              <Fact name={words.streams}>{worker.consumers}</Fact>
              <Fact name={words.memory}>{fileSize(worker.maxMemoryBytes)}</Fact>
              <Fact name={words.port}>{worker.rtcPort}</Fact>
            </dl>
          </li>
        ))}
      </ul>
      {stealShare >= 0.005 && (
        <p class="hint">
          {words.steal}: {percent(stealShare)}
        </p>
      )}
    </section>
  );
}
