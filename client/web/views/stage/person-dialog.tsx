import { useId } from 'preact/hooks';
import type { Participant } from '../../../sdk/index.ts';
import { type Call, MAX_VOLUME, type PersonQuality, type StreamDetails } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CloseButton, Dialog } from '../parts/dialog.tsx';

export interface PersonDialogProps {
  call: Call;
  participant: Participant;
  onClose(): void;
}

/** How loud someone is here, and how well their media arrives; for this user, how well it is sent. */
export function PersonDialog({ call, participant, onClose }: PersonDialogProps) {
  const { quality, common } = strings.value;
  const isSelf = participant.participantId === call.room.participantId;
  const found = call.quality.people.value.get(participant.participantId);
  return (
    <Dialog title={isSelf ? quality.ownHeading : quality.heading(participant.displayName)} onClose={onClose}>
      {!isSelf && <Volume call={call} participant={participant} />}
      <div class="quality-details" data-testid="quality-details">
        {found ? (
          <Details found={found} />
        ) : (
          <p class="hint">{isSelf ? quality.nothingSent : quality.nothing}</p>
        )}
      </div>
      <CloseButton label={common.close} />
    </Dialog>
  );
}

function Volume({ call, participant }: Pick<PersonDialogProps, 'call' | 'participant'>) {
  const { quality } = strings.value;
  const hintId = useId();
  const percent = Math.round(call.volumes.of(participant) * 100);
  return (
    <label class="field">
      <span class="volume-label">
        {quality.volume}
        <output>{quality.percent(percent)}</output>
      </span>
      <input
        type="range"
        data-testid="volume"
        min={0}
        max={MAX_VOLUME * 100}
        step={5}
        value={percent}
        aria-valuetext={quality.percent(percent)}
        aria-describedby={hintId}
        onInput={(event) => call.volumes.set(participant, Number(event.currentTarget.value) / 100)}
      />
      <span id={hintId}>{quality.volumeHint}</span>
    </label>
  );
}

function Details({ found: { verdict, streams, roundTripMs, path } }: { found: PersonQuality }) {
  const { quality, paths } = strings.value;
  const facts: Array<[string, string]> = [];
  if (path) {
    facts.push([quality.path, paths.path[path]]);
  }
  if (roundTripMs !== undefined) {
    facts.push([quality.roundTrip, quality.milliseconds(Math.round(roundTripMs))]);
  }
  return (
    <>
      <p data-quality={verdict.quality}>
        <strong>{quality.levels[verdict.quality]}.</strong> {verdict.cause && quality.causes[verdict.cause]}
      </p>
      <Facts facts={facts} />
      {streams.map((stream) => (
        <section key={stream.source} data-testid={`stream-${stream.source}`}>
          <h3>{quality.sources[stream.source]}</h3>
          <Facts facts={factsOf(stream)} />
        </section>
      ))}
    </>
  );
}

function factsOf(stream: StreamDetails): Array<[string, string]> {
  const { quality } = strings.value;
  const { bitrateBps, lossShare, jitterMs, codec, size, framesPerSecond = 0, layers, reason } = stream;
  return [
    [quality.bitrate, quality.kbps(Math.round(bitrateBps / 1000))],
    [quality.loss, quality.percent(Math.round(lossShare * 1000) / 10)],
    [quality.jitter, quality.milliseconds(Math.round(jitterMs))],
    ...(codec ? [[quality.codec, codec] as [string, string]] : []),
    ...(size
      ? [
          [quality.picture, quality.pictureOf(size.width, size.height, Math.round(framesPerSecond))] as [
            string,
            string,
          ],
        ]
      : []),
    ...(layers ? [[quality.layers, layers] as [string, string]] : []),
    ...(reason ? [[quality.why, quality.reasons[reason]] as [string, string]] : []),
  ];
}

function Facts({ facts }: { facts: ReadonlyArray<readonly [string, string]> }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
