import { useSignal } from '@preact/signals';
import type { Call, Notices } from '../../model/index.ts';
import { LiveStreaming } from '../../model/on-demand/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { FormDialog } from '../parts/form-dialog.tsx';
import { PlayIcon } from '../parts/icons.tsx';
import { MenuItem } from '../parts/menu.tsx';
import '../../styles/call-sign.css';

/** The choice of HLS among the servers. */
const HLS = 'hls';

interface LiveProps {
  call: Call;
  notices: Notices;
}

/** Says that the call is streamed live, as long as it is; and asks where to, when somebody is about to start. */
export function LiveSign({ call, notices }: LiveProps) {
  const streaming = LiveStreaming.of(call, notices);
  const running = streaming.running.value;
  const { live } = lateStrings();
  return (
    <>
      {running && (
        <span class="call-sign" role="status" data-testid="live" data-flowing={running.isFlowing}>
          <PlayIcon />
          <span class="name">
            {running.isFlowing ? live.running(running.host ?? undefined) : live.interrupted}
          </span>
          {running.path !== null && (
            <a href={running.path} data-testid="live-link">
              {live.link}
            </a>
          )}
        </span>
      )}
      {streaming.isAsking.value && <LiveDialog streaming={streaming} />}
    </>
  );
}

/** Starts and ends a live stream, for those who may. */
export function LiveItem({ call, notices }: LiveProps) {
  const streaming = LiveStreaming.of(call, notices);
  const { live } = lateStrings();
  if (!streaming.isAllowed) {
    return null;
  }
  return (
    <MenuItem
      testId="go-live"
      icon={<PlayIcon />}
      onSelect={() => {
        streaming.isAsking.value = true;
      }}
    >
      {streaming.running.value ? live.stop : live.start}
    </MenuItem>
  );
}

function LiveDialog({ streaming }: { streaming: LiveStreaming }) {
  const { targets, hls, kbps, cpuPercent } = streaming.choices;
  const { live } = lateStrings();
  const target = useSignal(targets[0] ?? HLS);
  const key = useSignal('');
  const isRunning = streaming.running.value !== null;
  const isHls = target.value === HLS;
  const close = () => {
    streaming.isAsking.value = false;
  };
  return (
    <FormDialog
      title={isRunning ? live.stop : live.start}
      submit={{ label: isRunning ? live.stopNow : live.startNow, testId: 'live-submit' }}
      ready={isRunning || isHls || key.value.trim() !== ''}
      act={() =>
        isRunning
          ? streaming.stop()
          : streaming.start(
              isHls ? { kind: 'hls' } : { kind: 'rtmp', target: target.value, key: key.value.trim() },
            )
      }
      onClose={close}
    >
      {!isRunning && (
        <>
          <p>{live.what}</p>
          <label class="field">
            {live.target}
            <select
              data-testid="live-target"
              value={target.value}
              onChange={({ currentTarget }) => (target.value = currentTarget.value)}
            >
              {targets.map((each) => (
                <option key={each}>{each}</option>
              ))}
              {hls && <option value={HLS}>{live.hls}</option>}
            </select>
          </label>
          {!isHls && (
            <label class="field">
              {live.key}
              <input
                data-testid="live-key"
                type="password"
                autoComplete="off"
                maxLength={500}
                value={key.value}
                onInput={({ currentTarget }) => (key.value = currentTarget.value)}
              />
            </label>
          )}
          <p class="hint" data-testid="live-cost">
            {isHls ? live.costHls(cpuPercent, kbps) : live.cost(cpuPercent, kbps)}
          </p>
        </>
      )}
    </FormDialog>
  );
}
