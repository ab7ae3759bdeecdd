import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CaptionsIcon } from '../parts/icons.tsx';
import { MenuItem } from '../parts/menu.tsx';
import '../../styles/call-sign.css';
import '../../styles/captions.css';

/** Says that voices are sent to a transcription service, as long as they are. */
export function CaptionsSign({ call }: { call: Call }) {
  const running = call.captions.running.value;
  const { captions: words } = strings.value;
  if (!running) {
    return null;
  }
  const text = running.isHeard ? words.running : words.unheard;
  return (
    <span class="call-sign captions-sign" role="status" data-testid="captions-sign" title={text}>
      <CaptionsIcon />
      <span class="name">{text}</span>
    </span>
  );
}

/** What people say, over the pictures. */
export function CaptionLines({ call }: { call: Call }) {
  const { running, isHidden, lines } = call.captions;
  if (!running.value || isHidden.value) {
    return null;
  }
  return (
    <div class="captions" role="log" aria-label={strings.value.captions.label} data-testid="captions">
      {lines.value.map(({ lineId, name, text, isFinal }) => (
        // Only whole sentences are read out.
        <p key={lineId} dir="auto" lang={running.value?.language} aria-hidden={isFinal ? undefined : 'true'}>
          <b>{name}</b> <span>{text}</span>
        </p>
      ))}
    </div>
  );
}

/** Switches captions on and off, for those who may; and shows or hides them. */
export function CaptionItems({ call }: { call: Call }) {
  const { captions } = call;
  const running = captions.running.value;
  const { captions: words } = strings.value;
  return (
    <>
      {captions.isAvailable && call.may('captions.control') && (
        <MenuItem testId="caption" icon={<CaptionsIcon />} onSelect={() => void captions.toggle()}>
          {running ? words.stop : words.start}
        </MenuItem>
      )}
      {running && (
        <MenuItem
          testId="hide-captions"
          icon={<CaptionsIcon />}
          onSelect={() => {
            captions.isHidden.value = !captions.isHidden.value;
          }}
        >
          {captions.isHidden.value ? words.show : words.hide}
        </MenuItem>
      )}
    </>
  );
}
